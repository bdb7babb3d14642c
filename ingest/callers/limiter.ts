import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Caller } from '../../core/caller.ts';
import { SECOND } from '../../core/duration.ts';
import { takeTokens, type TakenTokens } from '../../store/callers/take-tokens.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import { admissionOf, type Admission } from './admission.ts';
import { noCallerMetrics, type CallerMetrics } from './caller-metrics.ts';
import { Places } from './places.ts';

export interface AskedAdmission {
  readonly caller: Pick<Caller, 'id' | 'tier'>;
  /** Whole units, above 0. */
  readonly cost: number;
}

interface Waiting extends AskedAdmission {
  readonly resolve: (admission: Admission) => void;
  readonly reject: (error: unknown) => void;
}

/** What the database has refused a moment ago, it would refuse again. */
interface Refused {
  readonly taken: TakenTokens;
  readonly cost: number;
  readonly atMs: number;
}

/** Of one statement, which holds the rows of its callers until it has answered. */
const MOST_AT_ONCE = 500;
/** Each statement costs the same, however few it asks for: where many come, the next one waits a little for more of them. */
const MANY = 5;
const GATHER_MS = 2;
/** A limit that a person raises counts after this time at the latest, also for a caller that was just refused. */
const REMEMBERED_MS = SECOND;

/**
 * Admits requests by the limits of their callers, exactly over all processes: the database counts. All that is asked while a statement is
 * under way goes into the next one. A caller that is refused and asks again at once is answered from memory, so a storm of one caller
 * takes the database one question a second.
 */
export class CallerLimiter {
  readonly #pool: Pool;
  readonly #now: () => number;
  readonly #metrics: CallerMetrics;
  readonly #places = new Places();
  readonly #refused = new Map<string, Refused>();
  #waiting: Waiting[] = [];
  #asking = false;

  /** `now`: milliseconds that never go back. */
  constructor(
    pool: Pool,
    {
      metrics = noCallerMetrics,
      now = () => performance.now(),
    }: { readonly metrics?: CallerMetrics; readonly now?: () => number } = {},
  ) {
    this.#pool = pool;
    this.#metrics = metrics;
    this.#now = now;
  }

  /**
   * Answers in the order that was asked in; requests of one caller are judged in that order.
   * @throws {WarehouseUnavailable} nobody can count now.
   */
  take(asked: readonly AskedAdmission[]): Promise<readonly Admission[]> {
    return Promise.all(asked.map(async (one) => this.#remembered(one) ?? this.#ask(one)));
  }

  #remembered({ caller, cost }: AskedAdmission): Admission | undefined {
    const refused = this.#refused.get(caller.id);
    if (refused === undefined || cost < refused.cost) return undefined;
    const agoMs = this.#now() - refused.atMs;
    if (agoMs >= Math.min(REMEMBERED_MS, refused.taken.waitUs / 1000)) return undefined;
    const { taken } = refused;
    return this.#answer(
      { caller, cost },
      { ...taken, crosses: false, waitUs: taken.waitUs - agoMs * 1000, dayUs: taken.dayUs - agoMs * 1000 },
    );
  }

  #ask(asked: AskedAdmission): Promise<Admission> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...asked, resolve, reject });
      if (!this.#asking) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#asking = true;
    // Requests that were read in the same turn of the event loop are asked for together.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        const taken = await whenAvailable(() =>
          takeTokens(
            this.#pool,
            group.map(({ caller, cost }) => ({ caller: caller.id, tier: caller.tier, cost })),
          ),
        );
        group.forEach((one, at) => one.resolve(this.#noted(one, taken[at] as TakenTokens)));
      } catch (error) {
        for (const one of group) one.reject(error);
      }
      if (group.length >= MANY) await setTimeout(GATHER_MS);
    }
    this.#asking = false;
    this.#places.sweep(this.#now());
  }

  #noted(one: AskedAdmission, taken: TakenTokens): Admission {
    const { caller, cost } = one;
    if (taken.cause === null) this.#refused.delete(caller.id);
    else this.#refused.set(caller.id, { taken, cost, atMs: this.#now() });
    if (taken.crosses) this.#metrics.nearQuota(caller.id);
    return this.#answer(one, taken);
  }

  #answer({ caller, cost }: AskedAdmission, taken: TakenTokens): Admission {
    if (taken.cause === null) return admissionOf(taken, 0);
    this.#metrics.limited(caller.id, taken.cause);
    const waitMs = this.#places.take(`${caller.id} ${taken.cause}`, {
      nowMs: this.#now(),
      waitMs: taken.waitUs / 1000,
      takesMs: (cost / taken.rate) * SECOND,
    });
    return admissionOf(taken, Math.max(1, Math.ceil(waitMs / SECOND)));
  }
}
