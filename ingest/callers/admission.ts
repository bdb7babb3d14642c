import type { TakenTokens } from '../../store/callers/take-tokens.ts';

/** One of the limits of a caller. */
export interface LimitPolicy {
  readonly name: 'rate' | 'daily';
  /** Units that are let through in `windowS`. */
  readonly quota: number;
  readonly windowS: number;
}

export interface LimitLeft {
  readonly name: LimitPolicy['name'];
  readonly remaining: number;
  /** Seconds until there is more; 0: there is as much as there can be. */
  readonly resetS: number;
}

export interface Admission {
  readonly allowed: boolean;
  /** Not before this many seconds; 0 where it is allowed. */
  readonly retryAfterS: number;
  readonly policy: readonly LimitPolicy[];
  readonly left: readonly LimitLeft[];
  /** At least 80 % of the day's units are used. */
  readonly nearQuota: boolean;
  readonly cause?: 'rate' | 'quota';
}

const DAY_S = 86_400;
export const NEAR = 0.8;

const seconds = (us: number): number => Math.ceil(us / 1e6);

/** `retryAfterS`: when the caller may come again, never before the database would admit it. */
export function admissionOf(taken: TakenTokens, retryAfterS: number): Admission {
  const { cause, rate, burst, daily, tokens, used, nextUs, dayUs } = taken;
  const windowS = Math.max(1, Math.ceil(burst / rate));
  return {
    allowed: cause === null,
    retryAfterS: cause === null ? 0 : retryAfterS,
    policy: [
      // What a window lets through when it is used evenly; a burst may be shorter than a second's share.
      { name: 'rate', quota: Math.max(burst, Math.floor(rate * windowS)), windowS },
      ...(daily === null ? [] : [{ name: 'daily', quota: daily, windowS: DAY_S } as const]),
    ],
    left: [
      { name: 'rate', remaining: Math.max(0, Math.floor(tokens)), resetS: seconds(nextUs) },
      ...(daily === null
        ? []
        : [{ name: 'daily', remaining: Math.max(0, daily - used), resetS: seconds(dayUs) } as const]),
    ],
    nearQuota: daily !== null && used >= NEAR * daily,
    ...(cause === null ? {} : { cause }),
  };
}
