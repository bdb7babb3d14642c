import { SECOND } from '../../core/duration.ts';
import type { LimitProfile } from './profile.ts';
import { readStructured } from './read-structured.ts';

/** Cloud: resets in ISO, to the minute; points per hour in structured fields. Data Center: a bucket and its interval. */
export const atlassian: LimitProfile = {
  name: 'atlassian',
  page: 'https://developer.atlassian.com/cloud/jira/platform/rate-limiting/',
  signs: [
    'x-ratelimit-nearlimit',
    'ratelimit-reason',
    'beta-ratelimit',
    'beta-ratelimit-policy',
    'x-ratelimit-fillrate',
    'x-ratelimit-interval-seconds',
    'atl-traceid',
  ],
  readsStandard: true,
  policies: [
    {
      policy: 'burst',
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset',
      // ISO in the manual; numbers have been seen.
      resetAs: 'auto',
      window: { header: 'x-ratelimit-interval-seconds', unitMs: SECOND },
    },
  ],
  readHeaders: (answer) => ({
    quotas: ['', 'beta-'].flatMap((prefix) =>
      readStructured(answer, { field: `${prefix}ratelimit`, policyField: `${prefix}ratelimit-policy`, unit: 'cost' }),
    ),
  }),
};
