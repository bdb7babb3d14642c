import type { PermitWait } from './grant-waits.ts';

/** One request's wait. */
export interface WaitHandle {
  /** It waits for this from now on; from its beginning, if it has not been said before. */
  readonly for: (reason: PermitWait) => void;
  readonly end: () => void;
}

interface Counted {
  waiting: number;
  sinceMs: number;
  /** Up to here time has been counted. */
  untilMs: number;
  ms: number;
}

/** Adds up for how long at least one request has waited, by reason: ten that wait side by side for a second make one second. */
export class WaitClock {
  readonly #now: () => number;
  readonly #counted = new Map<PermitWait, Counted>();

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  begin(): WaitHandle {
    const beganMs = this.#now();
    let reason: PermitWait | undefined;
    let over = false;
    const leave = (): void => {
      if (reason !== undefined) this.#leave(reason);
    };
    return {
      for: (next) => {
        if (over || next === reason) return;
        const fromMs = reason === undefined ? beganMs : this.#now();
        leave();
        reason = next;
        this.#enter(next, fromMs);
      },
      end: () => {
        if (!over) leave();
        over = true;
      },
    };
  }

  /** Whole ms of each reason, so far. */
  get waited(): Partial<Record<PermitWait, number>> {
    const nowMs = this.#now();
    return Object.fromEntries(
      [...this.#counted].map(([reason, { waiting, sinceMs, ms }]) => [
        reason,
        Math.round(ms + (waiting > 0 ? Math.max(0, nowMs - sinceMs) : 0)),
      ]),
    );
  }

  #enter(reason: PermitWait, fromMs: number): void {
    const counted = this.#counted.get(reason) ?? { waiting: 0, sinceMs: 0, untilMs: -Infinity, ms: 0 };
    this.#counted.set(reason, counted);
    if (counted.waiting === 0) counted.sinceMs = Math.max(fromMs, counted.untilMs);
    counted.waiting += 1;
  }

  #leave(reason: PermitWait): void {
    const counted = this.#counted.get(reason) as Counted;
    counted.waiting -= 1;
    if (counted.waiting > 0) return;
    counted.untilMs = Math.max(this.#now(), counted.sinceMs);
    counted.ms += counted.untilMs - counted.sinceMs;
  }
}
