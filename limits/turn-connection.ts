import type { Client, Pool } from 'pg';
import { MINUTE, SECOND } from '../core/duration.ts';
import { openSession } from '../warehouse/postgres/open-session.ts';
import { whenAvailable } from '../warehouse/postgres/unavailable.ts';
import { DatabaseClock } from './database-clock.ts';
import type { Batch, Granted, PermitCalls } from './permit-calls.ts';
import type { TurnReport } from './turn.ts';

/** The turn did not come: whoever holds it may hang. */
export class LockTimeout extends Error {}

export type Begun = Granted & { readonly receivedAtMs: number };

/** The database ends a turn after 3 s; a holder that lost track of the time stops before that. */
const HELD_MS = 2 * SECOND;
const STALL_MS = 500;
/** Where the first request has so much time, the time may be asked for. */
const ASKS_TIME_FROM_MS = 10;
const LOCK_TIMEOUT_MS = 4 * SECOND;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * A connection of its own, because a turn is an advisory lock of the session: it ends with the process, however that ends.
 * A pooler in transaction mode would break it (docs/limits.md).
 */
export class TurnConnection {
  readonly #pool: Pool;
  readonly #calls: PermitCalls;
  readonly #clock = new DatabaseClock();
  #client: Promise<Client> | undefined;
  #lost = false;
  #resting: NodeJS.Timeout | undefined;

  constructor(pool: Pool, calls: PermitCalls) {
    this.#pool = pool;
    this.#calls = calls;
  }

  async begin(batch: Batch, aheadMs: number): Promise<Begun> {
    clearTimeout(this.#resting);
    const stalled = watchStalls();
    try {
      const client = await whenAvailable(() => this.#connected());
      const sentMs = performance.now();
      const begun = await this.#calls.beginTurn(client, batch, aheadMs);
      const receivedAtMs = performance.now();
      const { databaseMs } = begun;
      this.#clock.saw(databaseMs, { sentMs, receivedMs: receivedAtMs });
      if (begun.granted > 0 && begun.tatInMs > ASKS_TIME_FROM_MS) await this.#askTime(client);
      const tatInMs = this.#clock.inOurs(begun.tatInMs, { databaseMs, receivedMs: receivedAtMs });
      // The turn may have begun, and ended, while this process stood still: its time is unknown.
      if (stalled.longestMs() > STALL_MS && begun.granted > 0) return { ...begun, tatInMs, receivedAtMs: -Infinity };
      return { ...begun, tatInMs, receivedAtMs };
    } catch (error) {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) throw new LockTimeout();
      await this.close();
      throw error;
    } finally {
      stalled.stop();
    }
  }

  /** An answer with nothing to do but to come. */
  async #askTime(client: Client): Promise<void> {
    const sentMs = performance.now();
    const databaseMs = await this.#calls.databaseMs(client);
    this.#clock.saw(databaseMs, { sentMs, receivedMs: performance.now() });
  }

  /** Whether the turn is still ours, as far as can be told without asking. */
  holds(begun: Begun): boolean {
    return !this.#lost && performance.now() < begun.receivedAtMs + HELD_MS;
  }

  async end(report: TurnReport & { readonly leastMs: number | undefined }): Promise<void> {
    try {
      const tatMs = this.#clock.inTheirs(performance.now() + report.tatInMs);
      const client = await this.#connected();
      const sentMs = performance.now();
      const databaseMs = await whenAvailable(() => this.#calls.endTurn(client, { ...report, tatMs }));
      this.#clock.saw(databaseMs, { sentMs, receivedMs: performance.now() });
    } catch (error) {
      // Without its connection the turn is over already; whoever comes next reckons with all it might have sent.
      await this.close();
      if (!this.#lost) throw error;
    }
  }

  /** Not needed for now: closed unless it is needed again soon. */
  rest(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => void this.close(), MINUTE / 4);
    this.#resting.unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#resting);
    const client = this.#client;
    this.#client = undefined;
    await client?.then((open) => open.end()).catch(() => {});
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<Client> {
    this.#lost = false;
    const lost = (): void => {
      this.#lost = true;
      this.#client = undefined;
    };
    try {
      const client = await openSession(this.#pool, 'syncline turn');
      client.on('error', lost);
      client.on('end', lost);
      await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
      // A process that dies in the queue for the turn must not get it. Not every platform can tell.
      await client.query('set client_connection_check_interval = 500').catch(() => {});
      return client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }
}

/** How long the event loop stood still: a stopped process goes on as if nothing had been. */
function watchStalls(): { longestMs: () => number; stop: () => void } {
  let tickMs = performance.now();
  let longestMs = 0;
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - tickMs);
    tickMs = nowMs;
  };
  const timer = setInterval(look, 100);
  return {
    longestMs: () => {
      look();
      return longestMs;
    },
    stop: () => clearInterval(timer),
  };
}
