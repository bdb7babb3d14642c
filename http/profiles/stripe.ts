import type { LimitProfile } from './profile.ts';

/** No header tells what remains. Too many requests at once, and a locked object, are a 429 as well. */
export const stripe: LimitProfile = {
  name: 'stripe',
  page: 'https://docs.stripe.com/rate-limits',
  signs: ['stripe-version', 'stripe-rate-limited-reason', 'stripe-should-retry'],
  throttled: [{ statuses: [400], code: { path: 'error.code', equals: ['rate_limit', 'lock_timeout'] } }],
  readHeaders: ({ headers, confidence }) => {
    const reason = headers['stripe-rate-limited-reason'] ?? '';
    if (!/^[a-z-]{1,64}$/.test(reason)) return {};
    const unit = reason.includes('concurrency') ? 'concurrency' : 'requests';
    return {
      quotas: [{ policy: reason, unit, remaining: 0, source: 'stripe-rate-limited-reason', confidence }],
    };
  },
};
