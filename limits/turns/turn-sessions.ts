import type { Pool } from 'pg';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { openSession } from '../../store/session/open-session.ts';
import { QueuedClient, type Queries } from '../../store/session/queued-client.ts';
import { SharedSession } from '../../store/session/shared-session.ts';

/** A connection while one turn has it. */
export interface TurnSession {
  readonly client: Queries;
  /** The connection is gone, and the turn with it. */
  readonly isLost: () => boolean;
  /** The turn is over, or did not begin. */
  readonly release: () => void;
  /** It may still hold the turn's lock: ends the connection. */
  readonly discard: () => void;
}

/** In line for a connection that nobody else uses meanwhile. */
export interface Place {
  readonly session: Promise<TurnSession>;
  readonly leave: () => void;
}

export const LOCK_TIMEOUT_MS = 4 * SECOND;
const REST_MS = MINUTE / 4;
const NAME = 'syncline turn';
/** Unless the configuration says otherwise. */
const MOST = 8;

interface Own {
  readonly client: QueuedClient;
  lost: boolean;
  resting: NodeJS.Timeout | undefined;
}

const known = new WeakMap<Pool, TurnSessions>();

/**
 * The connections of a process that its turns are held on. A few are for one turn at a time: there the database keeps a queue,
 * first come, first served, over all processes. When those are in use, further credentials share one more, on which nobody
 * waits: who finds the turn taken stands in line for one of the few.
 */
export class TurnSessions {
  readonly #pool: Pool;
  readonly #shared: SharedSession;
  /** Credentials whose turns are held on the shared one: it is given its own locks again. */
  readonly #sharing = new Set<string>();
  readonly #users = new Set<object>();
  readonly #idle: Own[] = [];
  readonly #line: ((session: Promise<TurnSession>) => void)[] = [];
  #most = MOST;
  /** Of its own: open, or being opened. */
  #count = 0;

  private constructor(pool: Pool) {
    this.#pool = pool;
    this.#shared = new SharedSession(pool, { name: NAME, prepare });
  }

  static of(pool: Pool): TurnSessions {
    const found = known.get(pool) ?? new TurnSessions(pool);
    known.set(pool, found);
    return found;
  }

  /** The shared one included. */
  bound(most: number): void {
    this.#most = most;
  }

  use(user: object): void {
    this.#users.add(user);
    this.#shared.use(this);
  }

  /** When nobody needs them for now they are closed. */
  leave(user: object): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#shared.leave(this);
    for (const own of this.#idle.splice(0)) this.#end(own);
  }

  /** Undefined: all are in use, or others are in line. */
  own(): Promise<TurnSession> | undefined {
    if (this.#line.length > 0) return undefined;
    const own = this.#idle.pop();
    if (own !== undefined) return Promise.resolve(this.#lend(own));
    return this.#count < this.#most - 1 ? this.#open() : undefined;
  }

  inLine(): Place {
    let taken: Promise<TurnSession> | undefined;
    let give: (next: Promise<TurnSession>) => void;
    const session = new Promise<TurnSession>((resolve) => {
      give = resolve;
    });
    const take = (next: Promise<TurnSession>): void => {
      taken = next;
      give(next);
    };
    session.catch(() => {});
    this.#line.push(take);
    return {
      session,
      leave: () => {
        const at = this.#line.indexOf(take);
        if (at !== -1) this.#line.splice(at, 1);
        taken?.then((lent) => lent.release()).catch(() => {});
      },
    };
  }

  /** Undefined: another turn of the credential is held on it already. */
  async shared(credential: string): Promise<TurnSession | undefined> {
    if (this.#sharing.has(credential)) return undefined;
    this.#sharing.add(credential);
    const release = (): void => void this.#sharing.delete(credential);
    try {
      const client = await this.#shared.connected();
      const isLost = (): boolean => this.#shared.open !== client;
      const discard = (): void => {
        release();
        void client
          .query('select pg_advisory_unlock(7305113, hashtext(own_key($1)))', [credential])
          .catch(() => client.end());
      };
      return { client, isLost, release, discard };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #open(): Promise<TurnSession> {
    this.#count += 1;
    const client = await openSession(this.#pool, NAME).catch((error: unknown) => {
      this.#gone();
      throw error;
    });
    const own: Own = { client: new QueuedClient(client), lost: false, resting: undefined };
    const lost = (): void => this.#lost(own);
    client.on('error', lost);
    client.on('end', lost);
    try {
      await prepare(own.client);
    } catch (error) {
      this.#end(own);
      throw error;
    }
    return this.#lend(own);
  }

  #lend(own: Own): TurnSession {
    clearTimeout(own.resting);
    let lent = true;
    const once = (then: () => void) => (): void => {
      if (lent) then();
      lent = false;
    };
    return {
      client: own.client,
      isLost: () => own.lost,
      release: once(() => this.#takeBack(own)),
      discard: once(() => this.#end(own)),
    };
  }

  #takeBack(own: Own): void {
    if (own.lost) return;
    const next = this.#line.shift();
    if (next !== undefined) return next(Promise.resolve(this.#lend(own)));
    if (this.#users.size === 0) return this.#end(own);
    this.#idle.push(own);
    own.resting = setTimeout(() => this.#end(own), REST_MS).unref();
  }

  #end(own: Own): void {
    this.#lost(own);
    own.client.end().catch(() => {});
  }

  #lost(own: Own): void {
    if (own.lost) return;
    own.lost = true;
    clearTimeout(own.resting);
    const at = this.#idle.indexOf(own);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#gone();
  }

  /** There is room for another one. */
  #gone(): void {
    this.#count -= 1;
    this.#line.shift()?.(this.#open());
  }
}

async function prepare(client: Queries): Promise<void> {
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  // A process that dies in the queue for the turn must not get it. Not every platform can tell.
  await client.query('set client_connection_check_interval = 500').catch(() => {});
}
