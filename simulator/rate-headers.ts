import type { HeaderFamily } from './settings.ts';

/** Where one limit stands. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  readonly windowMs: number;
  /** Milliseconds until the quota is whole again. */
  readonly resetMs: number;
}

type Headers = Readonly<Record<string, string>>;

/** The quota in the words of a vendor; names and formats as in their manuals. */
export function rateHeaders(family: HeaderFamily, quota: Quota, nowMs: number): Headers {
  return families[family](quota, nowMs);
}

const families: Record<HeaderFamily, (quota: Quota, nowMs: number) => Headers> = {
  none: () => ({}),
  // draft-ietf-httpapi-ratelimit-headers: names are Strings, t counts from now.
  ietf: (quota) => ({
    'ratelimit-policy': `"${quota.name}";q=${quota.limit};w=${Math.max(1, Math.ceil(quota.windowMs / 1000))}`,
    ratelimit: `"${quota.name}";r=${quota.remaining};t=${resetSecs(quota)}`,
  }),
  // The drafts up to -06: Reset counts from now.
  ratelimit: (quota) => named('ratelimit', quota, resetSecs(quota)),
  'x-ratelimit': (quota, nowMs) => named('x-ratelimit', quota, resetEpoch(quota, nowMs)),
  github: (quota, nowMs) => ({
    ...named('x-ratelimit', quota, resetEpoch(quota, nowMs)),
    'x-ratelimit-used': String(quota.limit - quota.remaining),
    'x-ratelimit-resource': 'core',
  }),
  // No reset is told.
  hubspot: (quota) => ({
    'x-hubspot-ratelimit-max': String(quota.limit),
    'x-hubspot-ratelimit-remaining': String(quota.remaining),
    'x-hubspot-ratelimit-interval-milliseconds': String(quota.windowMs),
  }),
  shopify: (quota) => ({ 'x-shopify-shop-api-call-limit': `${quota.limit - quota.remaining}/${quota.limit}` }),
  salesforce: (quota) => ({ 'sforce-limit-info': `api-usage=${quota.limit - quota.remaining}/${quota.limit}` }),
  zendesk: (quota) => ({
    'x-rate-limit': String(quota.limit),
    'x-rate-limit-remaining': String(quota.remaining),
    ...named('ratelimit', quota, resetSecs(quota)),
  }),
};

const resetSecs = (quota: Quota): number => Math.ceil(quota.resetMs / 1000);
const resetEpoch = (quota: Quota, nowMs: number): number => Math.ceil((nowMs + quota.resetMs) / 1000);

const named = (prefix: string, quota: Quota, reset: number): Headers => ({
  [`${prefix}-limit`]: String(quota.limit),
  [`${prefix}-remaining`]: String(quota.remaining),
  [`${prefix}-reset`]: String(reset),
});
