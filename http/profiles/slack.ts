import type { LimitProfile } from './profile.ts';

/** Only `Retry-After`, in seconds, per method and workspace. */
export const slack: LimitProfile = {
  name: 'slack',
  page: 'https://docs.slack.dev/apis/web-api/rate-limits',
  signs: ['x-slack-req-id', 'x-slack-unique-id'],
  throttled: [{ statuses: [200], code: { path: 'error', equals: ['ratelimited', 'rate_limited'] } }],
};
