import type { Pool } from 'pg';
import { openSession } from './open-session.ts';
import { QueuedClient } from './queued-client.ts';

export interface SharedSessionFor {
  /** What PostgreSQL shows as the application's name. */
  readonly name: string;
  /** Done on each new connection before anybody else has it. */
  readonly prepare?: (client: QueuedClient) => Promise<void>;
  readonly onNotice?: (payload: string) => void;
}

/**
 * One connection beside the pool for all who need a session in this process; opened when it is first asked for, and again when
 * it was lost. It stays open while somebody uses it.
 */
export class SharedSession {
  readonly #pool: Pool;
  readonly #for: SharedSessionFor;
  readonly #users = new Set<object>();
  #client: Promise<QueuedClient> | undefined;
  #open: QueuedClient | undefined;

  constructor(pool: Pool, sessionFor: SharedSessionFor) {
    this.#pool = pool;
    this.#for = sessionFor;
  }

  /** The connection of now, if it stands. */
  get open(): QueuedClient | undefined {
    return this.#open;
  }

  use(user: object): void {
    this.#users.add(user);
  }

  leave(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.drop();
  }

  connected(): Promise<QueuedClient> {
    if (this.#client !== undefined) return this.#client;
    const connecting = this.#connect(() => this.#forget(connecting));
    this.#client = connecting;
    connecting.then(
      (client) => {
        if (this.#client === connecting) this.#open = client;
      },
      () => this.#forget(connecting),
    );
    return connecting;
  }

  /** Ends the connection and all that belongs to it. The next one who asks gets a new one. */
  drop(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#forget(client);
    client.then((open) => open.end()).catch(() => {});
  }

  #forget(client: Promise<QueuedClient>): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#open = undefined;
  }

  async #connect(lost: () => void): Promise<QueuedClient> {
    const client = await openSession(this.#pool, this.#for.name);
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload = '' }) => this.#for.onNotice?.(payload));
    const queued = new QueuedClient(client);
    try {
      await this.#for.prepare?.(queued);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    return queued;
  }
}
