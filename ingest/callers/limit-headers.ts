import { serializeItem, serializeList, type Item } from 'structured-headers';
import type { Admission, LimitLeft, LimitPolicy } from './admission.ts';

const item = (name: string, parameters: Readonly<Record<string, number>>): Item => [
  name,
  new Map(Object.entries(parameters)),
];

/**
 * What every answer says of its caller's limits: `RateLimit-Policy` and `RateLimit`
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/), and for older clients `X-RateLimit-Limit`, `-Remaining` and
 * `-Reset` of the limit that stands in the way first; resets are seconds from now. `Retry-After` where it is refused;
 * `X-RateLimit-Warning` once 80 % of the day's units are used, with the share in percent as `u`.
 */
export function limitHeaders(admission: Admission): Record<string, string> {
  const { allowed, retryAfterS, policy, left, nearQuota, cause } = admission;
  const { limit, rest } = named(admission, cause === 'quota' ? 'daily' : 'rate');
  return {
    'ratelimit-policy': serializeList(policy.map((one) => item(one.name, { q: one.quota, w: one.windowS }))),
    ratelimit: serializeList(left.map((one) => item(one.name, { r: one.remaining, t: one.resetS }))),
    'x-ratelimit-limit': String(limit.quota),
    'x-ratelimit-remaining': String(rest.remaining),
    'x-ratelimit-reset': String(rest.resetS),
    ...(allowed ? {} : { 'retry-after': String(retryAfterS) }),
    ...(nearQuota ? { 'x-ratelimit-warning': warning(named(admission, 'daily')) } : {}),
  };
}

interface Named {
  readonly limit: LimitPolicy;
  readonly rest: LimitLeft;
}

const named = ({ policy, left }: Admission, name: LimitPolicy['name']): Named => ({
  limit: policy.find((one) => one.name === name) as LimitPolicy,
  rest: left.find((one) => one.name === name) as LimitLeft,
});

const warning = ({ limit: { name, quota }, rest: { remaining, resetS } }: Named): string =>
  serializeItem(item(name, { u: Math.floor(((quota - remaining) / quota) * 100), r: remaining, t: resetS }));
