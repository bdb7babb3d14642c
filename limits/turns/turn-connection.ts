import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { MINUTE, SECOND } from '../../core/duration.ts';
import type { Queries } from '../../store/session/queued-client.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import { DatabaseClock } from './database-clock.ts';
import { TURN_TAKEN, type Batch, type Granted, type PermitCalls } from '../permits/permit-calls.ts';
import { LOCK_TIMEOUT_MS, TurnSessions, type Place, type TurnSession } from './turn-sessions.ts';
import type { TurnReport } from './turn.ts';

/** The turn did not come: whoever holds it may hang. */
export class LockTimeout extends Error {}

export type Begun = Granted & { readonly receivedAtMs: number };

/** The database ends a turn after 3 s; a holder that lost track of the time stops before that. */
const HELD_MS = 2 * SECOND;
const STALL_MS = 500;
/** Where the first request has so much time, the time may be asked for. */
const ASKS_TIME_FROM_MS = 10;
/** How often a turn that is taken is looked for on the shared connection. */
const LOOK_MS = SECOND / 4;
const LOCK_NOT_AVAILABLE = '55P03';

/** The turns of one credential in this process, one at a time: an advisory lock of a session, which ends with the process, however that ends. */
export class TurnConnection {
  readonly #sessions: TurnSessions;
  readonly #calls: PermitCalls;
  readonly #clock = new DatabaseClock();
  /** From the beginning of a turn to its end. */
  #session: TurnSession | undefined;
  #resting: NodeJS.Timeout | undefined;

  constructor(pool: Pool, calls: PermitCalls) {
    this.#sessions = TurnSessions.of(pool);
    this.#calls = calls;
  }

  async begin(batch: Batch, aheadMs: number): Promise<Begun> {
    clearTimeout(this.#resting);
    this.#sessions.use(this);
    const stalled = watchStalls();
    try {
      const own = this.#sessions.own();
      const begun =
        own === undefined
          ? await this.#beginShared(batch, aheadMs)
          : await this.#ask('beginTurn', await whenAvailable(() => own), { batch, aheadMs });
      // The turn may have begun, and ended, while this process stood still: its time is unknown.
      return stalled.longestMs() > STALL_MS && begun.granted > 0 ? { ...begun, receivedAtMs: -Infinity } : begun;
    } catch (error) {
      throw (error as { code?: string }).code === LOCK_NOT_AVAILABLE ? new LockTimeout() : error;
    } finally {
      stalled.stop();
    }
  }

  /** Nobody waits on the shared connection: where the turn is taken, a connection that may wait is waited for. */
  async #beginShared(batch: Batch, aheadMs: number): Promise<Begun> {
    const asked = { batch, aheadMs };
    const endsMs = performance.now() + LOCK_TIMEOUT_MS;
    let place: Place | undefined;
    try {
      while (performance.now() < endsMs) {
        const shared = await whenAvailable(() => this.#sessions.shared(this.#calls.credential));
        if (shared !== undefined) {
          const begun = await this.#ask('tryTurn', shared, asked);
          if (begun.cause !== TURN_TAKEN) return begun;
        }
        place ??= this.#sessions.inLine();
        const { session } = place;
        const own = await whenAvailable(() => Promise.race([session, wait(LOOK_MS)]));
        if (own !== undefined) {
          place = undefined;
          return await this.#ask('beginTurn', own, asked);
        }
      }
      throw new LockTimeout();
    } finally {
      place?.leave();
    }
  }

  async #ask(
    how: 'beginTurn' | 'tryTurn',
    session: TurnSession,
    { batch, aheadMs }: { readonly batch: Batch; readonly aheadMs: number },
  ): Promise<Begun> {
    try {
      const sentMs = performance.now();
      const begun = await this.#calls[how](session.client, batch, aheadMs);
      const receivedAtMs = performance.now();
      const { databaseMs } = begun;
      this.#clock.saw(databaseMs, { sentMs, receivedMs: receivedAtMs });
      if (begun.granted > 0 && begun.tatInMs > ASKS_TIME_FROM_MS) await this.#askTime(session.client);
      if (begun.granted > 0) this.#session = session;
      else session.release();
      return {
        ...begun,
        tatInMs: this.#clock.inOurs(begun.tatInMs, { databaseMs, receivedMs: receivedAtMs }),
        receivedAtMs,
      };
    } catch (error) {
      session.discard();
      throw error;
    }
  }

  /** An answer with nothing to do but to come. */
  async #askTime(client: Queries): Promise<void> {
    const sentMs = performance.now();
    const databaseMs = await this.#calls.databaseMs(client);
    this.#clock.saw(databaseMs, { sentMs, receivedMs: performance.now() });
  }

  /** Whether the turn is still ours, as far as can be told without asking. */
  holds(begun: Begun): boolean {
    return this.#session?.isLost() === false && performance.now() < begun.receivedAtMs + HELD_MS;
  }

  async end(report: TurnReport & { readonly leastMs: number | undefined }): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    // Without its connection the turn is over already; whoever comes next reckons with all it might have sent.
    if (session === undefined || session.isLost()) return session?.release();
    try {
      const tatMs = this.#clock.inTheirs(performance.now() + report.tatInMs);
      const sentMs = performance.now();
      const databaseMs = await whenAvailable(() => this.#calls.endTurn(session.client, { ...report, tatMs }));
      this.#clock.saw(databaseMs, { sentMs, receivedMs: performance.now() });
      session.release();
    } catch (error) {
      const wasLost = session.isLost();
      session.discard();
      if (!wasLost) throw error;
    }
  }

  /** Not needed for now: others may have the connections, and they are closed unless somebody needs them soon. */
  rest(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#sessions.leave(this), MINUTE / 4).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#resting);
    this.#session?.discard();
    this.#session = undefined;
    this.#sessions.leave(this);
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
