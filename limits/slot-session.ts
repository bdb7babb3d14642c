import { randomBytes, randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { MINUTE } from '../core/duration.ts';

const CHANNEL = 'syncline_slots';

/**
 * A session of the database that stands for this process among those that use a concurrency limit. It tells at once when a slot
 * came free in another process; who waits would else find it at its next look. And it holds a lock that ends with the
 * process, however that ends: leases that begin with its number need not be waited for then (PermitCalls.freeDead). Without
 * this connection everything goes on, a little slower.
 */
export class SlotSession {
  readonly #pool: Pool;
  readonly #credential: string;
  readonly #onFree: () => void;
  /** 48 bits, hex: the lock's number. */
  readonly #owner = randomBytes(6).toString('hex');
  #client: Client | undefined;
  /** Since when the lock stands, monotonic ms. */
  #lockedAtMs: number | undefined;
  #resting: NodeJS.Timeout | undefined;

  constructor(pool: Pool, credential: string, onFree: () => void) {
    this.#pool = pool;
    this.#credential = credential;
    this.#onFree = onFree;
  }

  /** For as long as somebody here asks for slots, or has some. */
  follow(): void {
    if (this.#client === undefined) this.#connect();
    else this.#resting?.refresh();
  }

  /** For how long the database has been within reach without a break. */
  get steadyMs(): number {
    return this.#lockedAtMs === undefined ? 0 : performance.now() - this.#lockedAtMs;
  }

  /** A UUID of version 8 (RFC 9562 §5.8) if the lock stands behind it, else one that says nothing of its owner. */
  newLease(): string {
    const random = randomUUID();
    return this.#lockedAtMs !== undefined
      ? `${this.#owner.slice(0, 8)}-${this.#owner.slice(8)}-8${random.slice(15)}`
      : random;
  }

  close(): void {
    clearTimeout(this.#resting);
    const client = this.#client;
    this.#client = undefined;
    this.#lockedAtMs = undefined;
    client?.end().catch(() => {});
  }

  #connect(): void {
    const client = new Client({ ...this.#pool.options, application_name: 'syncline slots' });
    this.#client = client;
    this.#resting = setTimeout(() => this.close(), MINUTE).unref();
    const isOurs = (): boolean => this.#client === client;
    const lost = (): void => {
      if (isOurs()) this.close();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      if (payload === this.#credential) this.#onFree();
    });
    client
      .connect()
      .then(() => client.query(`listen ${CHANNEL}`))
      // Ours alone: but for a session that was lost and that the database still holds, nobody has it.
      .then(() =>
        client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [`${BigInt(`0x${this.#owner}`)}`]),
      )
      .then(({ rows }) => {
        if (isOurs() && rows[0]?.ours === true) this.#lockedAtMs = performance.now();
      })
      .catch(lost);
  }
}
