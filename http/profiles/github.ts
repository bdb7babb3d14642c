import { MINUTE } from '../../core/duration.ts';
import type { LimitProfile } from './profile.ts';

const refusals = [403, 429] as const;

export const github: LimitProfile = {
  name: 'github',
  page: 'https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api',
  signs: ['x-ratelimit-resource', 'x-github-request-id'],
  policies: [
    {
      policy: 'primary',
      policyFrom: 'x-ratelimit-resource',
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      used: 'x-ratelimit-used',
      reset: 'x-ratelimit-reset',
      resetAs: 'epoch',
    },
  ],
  throttled: [
    { statuses: refusals, contains: 'secondary rate limit' },
    { statuses: refusals, contains: 'abuse detection' },
    { statuses: refusals, contains: 'API rate limit exceeded' },
    { statuses: [200], code: { path: 'errors.*.type', equals: ['RATE_LIMITED'] } },
  ],
  // Of the secondary limits, which no header shows: at least a minute.
  fallbackWaitMs: MINUTE,
};
