import { DAY, SECOND } from '../../core/duration.ts';
import type { Found, LimitProfile, SeenAnswer } from './profile.ts';
import { textAt } from './values-at.ts';

/** No reset is told: an exhausted window is waited out. The daily one ends at midnight in the account's own zone. */
export const hubspot: LimitProfile = {
  name: 'hubspot',
  page: 'https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines',
  signs: [
    'x-hubspot-ratelimit-max',
    'x-hubspot-ratelimit-remaining',
    'x-hubspot-ratelimit-daily',
    'x-hubspot-ratelimit-daily-remaining',
    'x-hubspot-ratelimit-secondly',
    'x-hubspot-correlation-id',
  ],
  policies: [
    {
      policy: 'interval',
      limit: 'x-hubspot-ratelimit-max',
      remaining: 'x-hubspot-ratelimit-remaining',
      window: { header: 'x-hubspot-ratelimit-interval-milliseconds', unitMs: 1 },
    },
    {
      policy: 'daily',
      limit: 'x-hubspot-ratelimit-daily',
      remaining: 'x-hubspot-ratelimit-daily-remaining',
      windowMs: DAY,
    },
    {
      policy: 'secondly',
      limit: 'x-hubspot-ratelimit-secondly',
      remaining: 'x-hubspot-ratelimit-secondly-remaining',
      windowMs: SECOND,
    },
  ],
  throttled: [{ statuses: [429], code: { path: 'errorType', equals: ['RATE_LIMIT'] } }],
  readBody: readPolicyName,
};

const windowsMs: readonly (readonly [RegExp, number])[] = [
  [/DAILY/, DAY],
  [/TEN_SECONDLY/, 10 * SECOND],
  [/SECONDLY/, SECOND],
];

/** `policyName` of a refusal: `DAILY`, `SECONDLY`, `TEN_SECONDLY_ROLLING`. */
function readPolicyName(body: unknown, { confidence }: SeenAnswer): Found {
  const policy = textAt(body, 'policyName') ?? '';
  const windowMs = windowsMs.find(([name]) => name.test(policy))?.[1];
  if (windowMs === undefined || policy.length > 64) return {};
  return { quotas: [{ policy, unit: 'requests', remaining: 0, windowMs, source: 'body', confidence }] };
}
