import { DAY } from '../core/duration.ts';
import { rateHeaders } from './rate-headers.ts';
import type { Quota } from './rate-headers.ts';
import type { Limits } from './settings.ts';

export interface Verdict {
  readonly allowed: boolean;
  /** How long to wait before the refused request could pass; 0 when it passed. */
  readonly waitMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Limiter {
  /** Judges a request by its time of arrival. A refused one uses nothing up. */
  admit(nowMs: number): Verdict;
  /** An admitted request has been answered. */
  release(): void;
}

export function createLimiter(limits: Limits): Limiter {
  const policies = [
    ...(limits.window === undefined ? [] : [fixedWindow('window', limits.window.limit, limits.window.perMs)]),
    ...(limits.rate === undefined ? [] : [tokenBucket(limits.rate, limits.perMs, limits.burst)]),
    ...(limits.daily === undefined ? [] : [fixedWindow('daily', limits.daily, DAY)]),
  ];
  let inFlight = 0;
  return {
    admit(nowMs) {
      const waits = policies.map((policy) => policy.waitMs(nowMs));
      if (limits.concurrency !== undefined && inFlight >= limits.concurrency) waits.push(1000);
      const waitMs = Math.max(0, ...waits);
      const allowed = waitMs === 0;
      if (allowed) {
        inFlight += 1;
        for (const policy of policies) policy.take();
      }
      const quotas = policies.map((policy) => policy.quota(nowMs));
      // The quota that is used up speaks; otherwise the first one.
      const shown = quotas.find((quota) => quota.remaining === 0) ?? quotas[0];
      return { allowed, waitMs, headers: shown === undefined ? {} : rateHeaders(limits.headers, shown, nowMs) };
    },
    release() {
      inFlight -= 1;
    },
  };
}

interface Policy {
  /** Brings the policy up to now and says how long until it lets one request pass. */
  waitMs(nowMs: number): number;
  take(): void;
  quota(nowMs: number): Quota;
}

function fixedWindow(name: string, limit: number, perMs: number): Policy {
  let [window, used] = [-1, 0];
  const resetMs = (nowMs: number): number => (Math.floor(nowMs / perMs) + 1) * perMs - nowMs;
  return {
    waitMs(nowMs) {
      const current = Math.floor(nowMs / perMs);
      if (current !== window) [window, used] = [current, 0];
      return used < limit ? 0 : resetMs(nowMs);
    },
    take() {
      used += 1;
    },
    quota: (nowMs) => ({ name, limit, remaining: limit - used, windowMs: perMs, resetMs: resetMs(nowMs) }),
  };
}

function tokenBucket(rate: number, perMs: number, burst: number): Policy {
  const perToken = perMs / rate;
  // Kept as the time at which the bucket is full again, so that nothing is rounded away between arrivals.
  let fullAt = -Infinity;
  let now = 0;
  return {
    waitMs(nowMs) {
      now = nowMs;
      const missing = Math.max(0, fullAt - nowMs);
      return Math.max(0, missing - (burst - 1) * perToken);
    },
    take() {
      fullAt = Math.max(fullAt, now) + perToken;
    },
    quota: (nowMs) => {
      const missing = Math.max(0, fullAt - nowMs);
      const remaining = Math.max(0, Math.floor(burst - missing / perToken));
      return { name: 'burst', limit: burst, remaining, windowMs: perToken * burst, resetMs: missing };
    },
  };
}
