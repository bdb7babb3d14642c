import { SECOND } from '../../core/duration.ts';
import type { LimitProfile } from './profile.ts';
import { numberAt } from './values-at.ts';

/** Seconds with a fraction; `-Reset-After` spares the clocks. The body's `retry_after` is finer than the header's. */
export const discord: LimitProfile = {
  name: 'discord',
  page: 'https://docs.discord.com/developers/topics/rate-limits',
  signs: ['x-ratelimit-reset-after', 'x-ratelimit-bucket', 'x-ratelimit-global', 'x-ratelimit-scope'],
  policies: [
    {
      policy: 'route',
      policyFrom: 'x-ratelimit-bucket',
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset-after',
      resetAs: 'seconds',
    },
  ],
  retryAfter: [{ header: 'x-ratelimit-reset-after', as: 'seconds' }],
  readBody: (body) => {
    const seconds = numberAt(body, 'retry_after');
    return seconds === undefined ? {} : { waits: [{ waitMs: Math.ceil(seconds * SECOND), source: 'body' }] };
  },
};
