import type { Found, LimitProfile, SeenAnswer } from './profile.ts';
import { numberAt } from './values-at.ts';

const CALLS = 'x-shopify-shop-api-call-limit';
/** Buckets of 40, 80 and 400 leak 2, 4 and 20 requests a second: each is empty after 20 s. */
const DRAIN_MS = 20_000;

export const shopify: LimitProfile = {
  name: 'shopify',
  page: 'https://shopify.dev/docs/api/usage/limits',
  signs: [CALLS, 'x-shopid', 'x-shopify-stage', 'x-shopify-api-version'],
  throttled: [{ statuses: [200], code: { path: 'errors.*.extensions.code', equals: ['THROTTLED'] } }],
  readHeaders: readBucket,
  readBody: readQueryCost,
  okBodyHint: '"throttleStatus"',
};

/** `32/40`: used of the leaky bucket. */
function readBucket({ headers, confidence, note }: SeenAnswer): Found {
  const text = headers[CALLS];
  if (text === undefined) return {};
  const [, used, size] = /^\s*(\d{1,9})\s*\/\s*(\d{1,9})\s*$/.exec(text)?.map(Number) ?? [];
  if (used === undefined || size === undefined || size === 0) {
    note(`${CALLS} is not used/size`);
    return {};
  }
  const remaining = Math.max(0, size - used);
  const resetInMs = Math.ceil((Math.min(used, size) / size) * DRAIN_MS);
  return {
    quotas: [
      {
        policy: 'bucket',
        unit: 'requests',
        limit: size,
        used,
        remaining,
        windowMs: DRAIN_MS,
        resetInMs,
        refills: true,
        source: CALLS,
        confidence,
      },
    ],
    // One request has leaked out long before the bucket is empty.
    waits: remaining === 0 ? [{ waitMs: Math.ceil(DRAIN_MS / size), source: CALLS }] : [],
  };
}

/** GraphQL: `extensions.cost`, in points. A refused query waits until the bucket holds what it asks for. */
function readQueryCost(body: unknown, { confidence }: SeenAnswer): Found {
  const at = (name: string): number | undefined => numberAt(body, `extensions.cost.${name}`);
  const asked = at('requestedQueryCost');
  const cost = at('actualQueryCost') ?? asked;
  const limit = at('throttleStatus.maximumAvailable');
  const remaining = at('throttleStatus.currentlyAvailable');
  const restoredPerSec = at('throttleStatus.restoreRate');
  const found: Found = cost === undefined ? {} : { cost };
  if (limit === undefined || remaining === undefined || restoredPerSec === undefined || restoredPerSec <= 0)
    return found;
  const restoreMs = (points: number): number => Math.max(0, Math.ceil((points / restoredPerSec) * 1000));
  const missing = (asked ?? 0) - remaining;
  return {
    ...found,
    quotas: [
      {
        policy: 'query cost',
        unit: 'cost',
        limit,
        remaining,
        windowMs: restoreMs(limit),
        resetInMs: restoreMs(limit - remaining),
        refills: true,
        source: 'body',
        confidence,
      },
    ],
    waits: missing > 0 ? [{ waitMs: restoreMs(missing), source: 'body' }] : [],
  };
}
