import { Client, type Pool } from 'pg';
import { MINUTE } from '../core/duration.ts';

const CHANNEL = 'syncline_slots';

/**
 * Tells at once when a slot of a concurrency limit came free in another process; who waits would else find it at its next
 * look. Without this connection everything goes on, a little slower.
 */
export class SlotNews {
  readonly #pool: Pool;
  readonly #credential: string;
  readonly #onFree: () => void;
  #client: Client | undefined;
  #resting: NodeJS.Timeout | undefined;

  constructor(pool: Pool, credential: string, onFree: () => void) {
    this.#pool = pool;
    this.#credential = credential;
    this.#onFree = onFree;
  }

  /** For as long as somebody here asks for slots. */
  follow(): void {
    if (this.#client === undefined) this.#connect();
    else this.#resting?.refresh();
  }

  close(): void {
    clearTimeout(this.#resting);
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => {});
  }

  #connect(): void {
    const client = new Client({ ...this.#pool.options, application_name: 'syncline slots' });
    this.#client = client;
    this.#resting = setTimeout(() => this.close(), MINUTE).unref();
    const lost = (): void => {
      if (this.#client === client) this.close();
    };
    client.on('error', lost);
    client.on('notification', ({ payload }) => {
      if (payload === this.#credential) this.#onFree();
    });
    client
      .connect()
      .then(() => client.query(`listen ${CHANNEL}`))
      .catch(lost);
  }
}
