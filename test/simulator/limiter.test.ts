import { describe, expect, test } from '@jest/globals';
import { createLimiter } from '../../simulator/limiter.ts';
import { limits } from '../../simulator/settings.ts';
import type { Limits } from '../../simulator/settings.ts';

const limiterOf = (settings: Partial<Limits>) => createLimiter(limits.parse(settings));
/** Waits of requests at these times; 0 is let through. */
const waits = (settings: Partial<Limits>, times: readonly number[]) => {
  const limiter = limiterOf(settings);
  return times.map((at) => {
    const { allowed, waitMs } = limiter.admit(at);
    if (allowed) limiter.release();
    return waitMs;
  });
};

describe('limits', () => {
  const cases: [string, Partial<Limits>, readonly number[], readonly number[]][] = [
    ['none', {}, [0, 0, 0], [0, 0, 0]],
    ['a spaced rate', { rate: 20 }, [0, 10, 49, 50, 100, 149], [0, 40, 1, 0, 0, 1]],
    ['a burst, then the rate', { rate: 10, burst: 3 }, [0, 0, 0, 0, 99, 100, 100], [0, 0, 0, 100, 1, 0, 100]],
    ['a rate per minute', { rate: 6, perMs: 60_000 }, [0, 9_999, 10_000], [0, 1, 0]],
    [
      'a fixed window',
      { window: { limit: 2, perMs: 1000 } },
      [1900, 1950, 1999, 2000, 2001, 2002],
      [0, 0, 1, 0, 0, 998],
    ],
    ['a day', { daily: 1 }, [86_399_000, 86_399_500, 86_400_000], [0, 500, 0]],
    ['rate and window together', { rate: 10, window: { limit: 2, perMs: 1000 } }, [0, 50, 100, 200], [0, 50, 0, 800]],
  ];
  test.each(cases)('%s', (_, settings, times, expected) => {
    expect(waits(settings, times)).toEqual(expected);
  });

  test('a concurrency cap counts requests until they are answered', () => {
    const limiter = limiterOf({ concurrency: 2 });
    expect([limiter.admit(0), limiter.admit(0), limiter.admit(0)].map((each) => each.allowed)).toEqual([
      true,
      true,
      false,
    ]);
    limiter.release();
    expect(limiter.admit(0).allowed).toBe(true);
  });

  test.each([
    ['ietf', { 'ratelimit-policy': '"window";q=10;w=60', ratelimit: '"window";r=9;t=30' }],
    ['ratelimit', { 'ratelimit-limit': '10', 'ratelimit-remaining': '9', 'ratelimit-reset': '30' }],
    ['x-ratelimit', { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '120' }],
    ['github', { 'x-ratelimit-used': '1', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '120' }],
    ['hubspot', { 'x-hubspot-ratelimit-max': '10', 'x-hubspot-ratelimit-interval-milliseconds': '60000' }],
    ['shopify', { 'x-shopify-shop-api-call-limit': '1/10' }],
    ['salesforce', { 'sforce-limit-info': 'api-usage=1/10' }],
    ['zendesk', { 'x-rate-limit': '10', 'x-rate-limit-remaining': '9', 'ratelimit-reset': '30' }],
  ] as const)('the headers of %s tell where the window stands', (headers, expected) => {
    const verdict = limiterOf({ headers, window: { limit: 10, perMs: 60_000 } }).admit(90_000);
    expect(verdict.headers).toMatchObject(expected);
  });

  test('the quota that is used up speaks first', () => {
    const limiter = limiterOf({ headers: 'ietf', window: { limit: 10, perMs: 60_000 }, daily: 1 });
    expect(limiter.admit(0).headers['ratelimit']).toBe('"daily";r=0;t=86400');
  });
});
