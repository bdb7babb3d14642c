import { callAt } from './call-at.ts';
import {
  arrivedBy,
  beginPace,
  earliestMs,
  gotAnswer,
  hitWire,
  keptBack,
  sendNow,
  tatAt,
  WITHOUT_RATE_MS,
  worthWaitingUntil,
  type Pace,
} from './pace.ts';
import type { Granted } from '../permits/permit-calls.ts';
import type { Prepared } from '../permits/prepared.ts';
import type { SlotLease } from '../slots/slot-lease.ts';

export interface TurnGiven {
  readonly begun: Granted & { readonly receivedAtMs: number };
  /** Units of each request that it has leave for; other requests may use them. */
  readonly charges: readonly (readonly number[])[];
  readonly leases: readonly string[] | null;
  /** Index of the rate among the buckets; -1: none. */
  readonly rate: number;
  readonly burst: number;
  /** For answers that are overdue. */
  readonly patienceMs: number;
  readonly prepared: ReadonlySet<Prepared> & { delete(prepared: Prepared): boolean };
  /** One of them will be ready at any moment. */
  readonly isNear: () => boolean;
  /** Fills up the prepared ones from the line. */
  readonly prepare: () => void;
  /** Latency up to which a request was punctual. */
  readonly usual: () => number;
  /** The turn is still ours, and nobody was told to wait. */
  readonly mayGoOn: () => boolean;
  /** The turn is still ours. */
  readonly holds: () => boolean;
  /** Nobody else has work in this process. */
  readonly isAlone: () => boolean;
  /** How late our own timers are. */
  readonly onWake: (lateMs: number) => void;
  readonly hold: (lease: string | undefined) => SlotLease;
}

export interface TurnReport {
  readonly sent: readonly { readonly charges: readonly number[]; readonly agoMs: number }[];
  readonly tatInMs: number;
  readonly unused: readonly string[];
}

/** A turn lasts so long at the most, from its first slot. */
export const TURN_MS = 200;
/** How often to look whether a doubtful answer was understood. */
const DOUBT_MS = 100;
/**
 * Two clocks do not run alike, and a partner's arithmetic may round: one request of 1,200 came 0.04 ms too soon without this.
 * What is kept back of a burst pays for the rounding.
 */
const guarded = (periodMs: number, burst: number): number =>
  periodMs * 1.0005 + Math.max(0, 0.1 - keptBack(burst) * periodMs);

/** Time of a unit from which on the process may stand still before each of them; with less it has pages to read meanwhile. */
const SLEEPS_FROM_MS = 20;

/** Keeping the turn for a request that is being made ready. */
const GRACE_MS = 20;
/** Keeping it for one that may come, where no slot has to be waited for. */
const IDLE_MS = 2;

/** One turn: requests go out one by one, each at its moment, until nobody is ready or the time is over. */
export class Turn {
  readonly #given: TurnGiven;
  readonly #left: number[];
  readonly #leases: string[];
  readonly #sent = new Map<number, { readonly prepared: Prepared; arrivedMs: number | undefined }>();
  readonly #endsMs: number;
  #pace: Pace;
  #wake: () => void = () => {};

  constructor(given: TurnGiven) {
    const { begun, charges } = given;
    this.#given = given;
    this.#left = (charges[0] ?? []).map((_, bucket) => charges.reduce((sum, each) => sum + (each[bucket] ?? 0), 0));
    this.#leases = [...(given.leases ?? [])];
    this.#pace = beginPace({
      periodMs: given.rate === -1 ? 0 : guarded(begun.periodMs, given.burst),
      burst: given.burst,
      patienceMs: given.patienceMs,
      tatMs: given.rate === -1 ? -Infinity : begun.receivedAtMs + begun.tatInMs,
    });
    this.#endsMs = Math.max(begun.receivedAtMs, this.#earliestMs(1, begun.receivedAtMs)) + TURN_MS;
  }

  /** What a late answer is measured by. */
  get periodMs(): number {
    return this.#pace.periodMs || WITHOUT_RATE_MS;
  }

  async run(): Promise<TurnReport> {
    while (this.#given.mayGoOn()) {
      this.#given.prepare();
      const nowMs = performance.now();
      if (this.#hasDoubtful()) {
        await this.#until(nowMs + DOUBT_MS);
        continue;
      }
      const next = this.#next();
      if (next === undefined) {
        if (!(await this.#until(this.#idleUntilMs(nowMs)))) break;
        continue;
      }
      if (!this.#hasLeave(next)) break;
      const atMs = this.#earliestMs(this.#units(next), nowMs);
      if (atMs > this.#endsMs || (this.#sent.size > 0 && nowMs > this.#endsMs)) break;
      if (atMs > nowMs) await this.#until(atMs, { sleeps: this.#maySleep() });
      else this.#send(next);
    }
    await this.#waitForAnswers();
    return this.#report();
  }

  changed(): void {
    this.#wake();
  }

  hitWire(prepared: Prepared): void {
    this.#pace = hitWire(this.#pace, this.#idOf(prepared), performance.now());
  }

  gotAnswer(prepared: Prepared, excessMs: number): void {
    const id = this.#idOf(prepared);
    const sent = this.#sent.get(id);
    if (sent !== undefined) sent.arrivedMs = prepared.startMs + excessMs;
    this.#pace = gotAnswer(this.#pace, id, excessMs);
    this.#wake();
  }

  #idOf(prepared: Prepared): number {
    for (const [id, sent] of this.#sent) if (sent.prepared === prepared) return id;
    return -1;
  }

  #units(prepared: Prepared): number {
    return prepared.waiting.charges[this.#given.rate] ?? 1;
  }

  #earliestMs(units: number, nowMs: number): number {
    return earliestMs(this.#pace, units, { nowMs, usualMs: this.#given.usual() });
  }

  #next(): Prepared | undefined {
    for (const prepared of this.#given.prepared) if (prepared.isReady) return prepared;
    return undefined;
  }

  #hasLeave(prepared: Prepared): boolean {
    if (this.#given.begun.probe !== undefined && this.#sent.size > 0) return false;
    if (this.#given.leases !== null && this.#leases.length === 0) return false;
    return prepared.waiting.charges.every((units, i) => units <= (this.#left[i] ?? 0) + 1e-9);
  }

  #idleUntilMs(nowMs: number): number {
    const slotMs = Math.max(this.#earliestMs(1, nowMs), nowMs);
    if (this.#given.isNear()) return slotMs + GRACE_MS;
    return this.#pace.periodMs > 0 ? slotMs : nowMs + IDLE_MS;
  }

  #send(prepared: Prepared): void {
    const startMs = performance.now();
    const id = this.#sent.size;
    this.#given.prepared.delete(prepared);
    prepared.turn = this;
    prepared.probe = this.#given.begun.probe;
    prepared.lease = this.#given.hold(this.#leases.shift());
    prepared.lease.sent();
    prepared.waiting.charges.forEach((units, i) => {
      this.#left[i] = (this.#left[i] ?? 0) - units;
    });
    this.#sent.set(id, { prepared, arrivedMs: undefined });
    this.#pace = sendNow(this.#pace, { id, units: this.#units(prepared), startMs });
    prepared.send(startMs);
  }

  /** True when something changed before. */
  #until(atMs: number, { sleeps = false } = {}): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = callAt(
        atMs,
        () => {
          this.#wake = () => {};
          resolve(false);
        },
        { onWake: this.#given.onWake, sleeps, yields: !this.#given.isAlone() },
      );
      this.#wake = () => {
        this.#wake = () => {};
        cancel();
        resolve(true);
      };
    });
  }

  /** Nothing is missed by a millisecond's sleep, and it is little of the pace. */
  #maySleep(): boolean {
    return this.#pace.periodMs >= SLEEPS_FROM_MS && this.#pace.sent.every(({ arrivedMs }) => arrivedMs !== undefined);
  }

  #hasDoubtful(): boolean {
    return [...this.#sent.values()].some(({ prepared }) => prepared.isDoubtful);
  }

  /** The next process knows nothing of our answers, and must hear of a refusal before it sends. */
  async #waitForAnswers(): Promise<void> {
    for (;;) {
      if (!this.#given.holds()) return;
      if (this.#hasDoubtful()) {
        await this.#until(performance.now() + DOUBT_MS);
        continue;
      }
      const untilMs = worthWaitingUntil(this.#pace, { nowMs: performance.now(), usualMs: this.#given.usual() });
      if (untilMs === undefined || !(await this.#until(untilMs))) return;
    }
  }

  #report(): TurnReport {
    const nowMs = performance.now();
    const usualMs = this.#given.usual();
    return {
      sent: [...this.#sent].map(([id, { prepared, arrivedMs }]) => {
        const open = this.#pace.sent.find((each) => each.id === id);
        const atMs =
          arrivedMs ??
          (open === undefined ? nowMs : arrivedBy(open, { nowMs, usualMs, patienceMs: this.#pace.patienceMs }));
        return { charges: prepared.waiting.charges, agoMs: Math.max(0, nowMs - atMs) };
      }),
      tatInMs: this.#given.rate === -1 ? 0 : tatAt(this.#pace, nowMs, usualMs) - nowMs,
      unused: this.#leases,
    };
  }
}
