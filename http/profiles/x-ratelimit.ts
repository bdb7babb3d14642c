import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import type { LimitProfile, PolicyHeaders } from './profile.ts';

const windowsMs = { second: SECOND, minute: MINUTE, hour: HOUR, day: DAY } as const;

/** Kong and others: `X-RateLimit-Remaining-Minute`. */
const byWindow = Object.entries(windowsMs).map(([window, windowMs]): PolicyHeaders => ({
  policy: window,
  limit: `x-ratelimit-limit-${window}`,
  remaining: `x-ratelimit-remaining-${window}`,
  windowMs,
}));

const prefixes = ['x-ratelimit', 'x-rate-limit'] as const;

/** The names that many use, each in its own way: what a reset means is guessed by its look. */
export const xRateLimit: LimitProfile = {
  name: 'x-ratelimit',
  page: 'docs/limits-profiles.md',
  signs: [
    ...prefixes.flatMap((prefix) =>
      ['limit', 'remaining', 'reset', 'retry-after', 'retryafter'].map((end) => `${prefix}-${end}`),
    ),
    ...byWindow.flatMap(({ remaining = '' }) => [remaining]),
    'x-retry-after',
    'retry-after-ms',
  ],
  policies: [
    ...prefixes.map((prefix): PolicyHeaders => ({
      policy: prefix,
      limit: `${prefix}-limit`,
      remaining: `${prefix}-remaining`,
      used: `${prefix}-used`,
      reset: `${prefix}-reset`,
      resetAs: 'auto',
      all: `${prefix}-policy`,
    })),
    ...byWindow,
  ],
  retryAfter: [
    { header: 'retry-after-ms', as: 'milliseconds' },
    { header: 'x-retry-after', as: 'auto' },
    ...prefixes.flatMap((prefix) => [
      { header: `${prefix}-retry-after`, as: 'auto' as const },
      { header: `${prefix}-retryafter`, as: 'auto' as const },
    ]),
  ],
};
