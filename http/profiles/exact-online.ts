import { DAY, MINUTE } from '../../core/duration.ts';
import type { LimitProfile } from './profile.ts';

/** A day's window and a minute's, both at once. Its refusals are 429, sometimes 503. */
export const exactOnline: LimitProfile = {
  name: 'exact-online',
  page: 'https://support.exactonline.com/community/s/knowledge-base#All-All-DNO-Simulation-gen-apilimits',
  signs: ['x-ratelimit-minutely-limit', 'x-ratelimit-minutely-remaining', 'x-ratelimit-minutely-reset'],
  policies: [
    {
      policy: 'minutely',
      limit: 'x-ratelimit-minutely-limit',
      remaining: 'x-ratelimit-minutely-remaining',
      reset: 'x-ratelimit-minutely-reset',
      resetAs: 'epochMs',
      windowMs: MINUTE,
    },
    {
      policy: 'daily',
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset',
      resetAs: 'epochMs',
      windowMs: DAY,
    },
  ],
};
