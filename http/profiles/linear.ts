import type { PolicyHeaders, LimitProfile } from './profile.ts';
import type { QuotaUnit } from '../../core/quota.ts';

const policy = (name: string, unit: QuotaUnit): PolicyHeaders => ({
  policy: name,
  unit,
  limit: `x-ratelimit-${name}-limit`,
  remaining: `x-ratelimit-${name}-remaining`,
  reset: `x-ratelimit-${name}-reset`,
  resetAs: 'epochMs',
});

/** A refusal is a 400, its code in the body; GraphQL's 200 with the same code is understood as well. */
export const linear: LimitProfile = {
  name: 'linear',
  page: 'https://linear.app/developers/rate-limiting',
  signs: ['x-ratelimit-requests-limit', 'x-ratelimit-complexity-limit', 'x-complexity'],
  policies: [
    policy('requests', 'requests'),
    policy('complexity', 'cost'),
    { ...policy('endpoint-requests', 'requests'), policyFrom: 'x-ratelimit-endpoint-name' },
  ],
  costHeader: 'x-complexity',
  throttled: [{ statuses: [200, 400], code: { path: 'errors.*.extensions.code', equals: ['RATELIMITED'] } }],
};
