import { describe, expect, test } from '@jest/globals';
import type { QuotaReading } from '../../../core/quota.ts';
import { profileNames } from '../../../definitions/limit-profile.ts';
import { profiles } from '../../../http/profiles/registry.ts';
import { HOUR, nowMs, read, type Headers } from './answer.ts';

const MINUTE = 60_000;
const DAY = 24 * HOUR;
const epoch = (inSecs: number): string => String(nowMs / 1000 + inSecs);
const epochMs = (inSecs: number): string => String(nowMs + inSecs * 1000);

interface Example {
  readonly vendor: string;
  readonly headers: Headers;
  readonly quotas: readonly Partial<QuotaReading>[];
}

const examples: readonly Example[] = [
  {
    vendor: 'ietf',
    headers: {
      'ratelimit-policy': '"burst";q=100;w=60,"daily";q=1000;w=86400',
      ratelimit: '"burst";r=50;t=30, "daily";r=990',
    },
    quotas: [
      { policy: 'burst', limit: 100, remaining: 50, windowMs: MINUTE, resetInMs: 30_000 },
      { policy: 'daily', limit: 1000, remaining: 990, windowMs: DAY },
    ],
  },
  {
    vendor: 'ietf',
    headers: {
      'ratelimit-policy':
        'bytes;q=1000;qu="content-bytes";w=1, "slots";q=4;qu="concurrent-requests", points;q=9;qu="x-points"',
    },
    quotas: [
      { policy: 'bytes', unit: 'bytes', limit: 1000 },
      { policy: 'slots', unit: 'concurrency', limit: 4 },
      { policy: 'points', unit: 'cost', limit: 9 },
    ],
  },
  {
    vendor: 'ietf',
    headers: { ratelimit: 'limit=100, remaining=50, reset=5', 'ratelimit-policy': '100;w=60' },
    quotas: [{ limit: 100, remaining: 50, windowMs: MINUTE, resetInMs: 5000 }],
  },
  {
    vendor: 'ietf',
    headers: { 'ratelimit-limit': '10, 10;w=1, 100;w=60', 'ratelimit-remaining': '4', 'ratelimit-reset': '1' },
    quotas: [
      { limit: 10, remaining: 4, windowMs: 1000, resetInMs: 1000 },
      { limit: 100, windowMs: MINUTE },
    ],
  },
  {
    // GitLab sends a time where the drafts have seconds.
    vendor: 'ietf',
    headers: {
      'ratelimit-limit': '600',
      'ratelimit-observed': '11',
      'ratelimit-remaining': '589',
      'ratelimit-reset': epoch(42),
    },
    quotas: [{ limit: 600, used: 11, remaining: 589, resetInMs: 42_000 }],
  },
  {
    // Docker Hub.
    vendor: 'ietf',
    headers: { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' },
    quotas: [{ limit: 100, remaining: 76, windowMs: 6 * HOUR }],
  },
  {
    vendor: 'github',
    headers: {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      'x-ratelimit-used': '1',
      'x-ratelimit-reset': epoch(600),
      'x-ratelimit-resource': 'core',
      'x-github-request-id': 'AAAA:1',
    },
    quotas: [{ policy: 'core', limit: 5000, used: 1, remaining: 4999, resetInMs: 600_000 }],
  },
  {
    vendor: 'stripe',
    headers: { 'stripe-rate-limited-reason': 'global-concurrency' },
    quotas: [{ policy: 'global-concurrency', unit: 'concurrency', remaining: 0 }],
  },
  {
    vendor: 'shopify',
    headers: { 'x-shopify-shop-api-call-limit': '32/40' },
    quotas: [{ limit: 40, used: 32, remaining: 8, windowMs: 20_000, resetInMs: 16_000 }],
  },
  {
    vendor: 'hubspot',
    headers: {
      'x-hubspot-ratelimit-daily': '250000',
      'x-hubspot-ratelimit-daily-remaining': '249000',
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
      'x-hubspot-ratelimit-max': '100',
      'x-hubspot-ratelimit-remaining': '99',
      'x-hubspot-ratelimit-secondly': '19',
      'x-hubspot-ratelimit-secondly-remaining': '18',
    },
    quotas: [
      { policy: 'interval', limit: 100, remaining: 99, windowMs: 10_000 },
      { policy: 'daily', limit: 250_000, remaining: 249_000, windowMs: DAY },
      { policy: 'secondly', limit: 19, remaining: 18, windowMs: 1000 },
    ],
  },
  {
    vendor: 'salesforce',
    headers: { 'sforce-limit-info': 'api-usage=10018/100000; api-bursts=1/750' },
    quotas: [
      { policy: 'api-usage', limit: 100_000, used: 10_018, remaining: 89_982, windowMs: DAY },
      { policy: 'api-bursts', limit: 750, used: 1, remaining: 749 },
    ],
  },
  {
    vendor: 'salesforce',
    headers: { 'sforce-limit-info': 'api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)' },
    quotas: [
      { policy: 'api-usage', remaining: 4975 },
      { policy: 'per-app-api-usage', remaining: 233 },
    ],
  },
  {
    vendor: 'zendesk',
    headers: {
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '699',
      'ratelimit-limit': '700',
      'ratelimit-remaining': '699',
      'ratelimit-reset': '41',
      'zendesk-ratelimit-tickets-index': 'total=100; remaining=99; resets=41',
    },
    quotas: [
      { policy: 'account', limit: 700, remaining: 699, windowMs: MINUTE, resetInMs: 41_000 },
      { policy: 'tickets-index', limit: 100, remaining: 99, resetInMs: 41_000 },
    ],
  },
  { vendor: 'slack', headers: { 'x-slack-req-id': 'a' }, quotas: [] },
  {
    vendor: 'linear',
    headers: {
      'x-complexity': '60',
      'x-ratelimit-complexity-limit': '3000000',
      'x-ratelimit-complexity-remaining': '2999940',
      'x-ratelimit-complexity-reset': epochMs(30),
      'x-ratelimit-requests-limit': '1500',
      'x-ratelimit-requests-remaining': '1499',
      'x-ratelimit-requests-reset': epochMs(60),
    },
    quotas: [
      { policy: 'requests', limit: 1500, remaining: 1499, resetInMs: 60_000 },
      { policy: 'complexity', unit: 'cost', limit: 3_000_000, remaining: 2_999_940, resetInMs: 30_000 },
    ],
  },
  {
    vendor: 'openai',
    headers: {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-limit-tokens': '150000',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-remaining-tokens': '149984',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    quotas: [
      { policy: 'requests', limit: 60, remaining: 59, resetInMs: 1000 },
      { policy: 'tokens', unit: 'cost', limit: 150_000, remaining: 149_984, resetInMs: 360_000 },
    ],
  },
  {
    vendor: 'exact-online',
    headers: {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4123',
      'x-ratelimit-reset': epochMs(3600),
      'x-ratelimit-minutely-limit': '60',
      'x-ratelimit-minutely-remaining': '58',
      'x-ratelimit-minutely-reset': epochMs(17),
    },
    quotas: [
      { policy: 'minutely', limit: 60, remaining: 58, windowMs: MINUTE, resetInMs: 17_000 },
      { policy: 'daily', limit: 5000, remaining: 4123, windowMs: DAY, resetInMs: HOUR },
    ],
  },
  {
    vendor: 'xero',
    headers: { 'x-minlimit-remaining': '59', 'x-daylimit-remaining': '4999', 'x-appminlimit-remaining': '9999' },
    quotas: [
      { policy: 'minute', remaining: 59, windowMs: MINUTE },
      { policy: 'day', remaining: 4999, windowMs: DAY },
      { policy: 'appminute', remaining: 9999, windowMs: MINUTE },
    ],
  },
  {
    vendor: 'discord',
    headers: {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': `${epoch(1)}.123`,
      'x-ratelimit-reset-after': '1.125',
      'x-ratelimit-bucket': 'abcd1234',
    },
    quotas: [{ policy: 'abcd1234', limit: 5, remaining: 0, resetInMs: 1125 }],
  },
  {
    vendor: 'atlassian',
    headers: {
      'x-ratelimit-limit': '350',
      'x-ratelimit-remaining': '349',
      'x-ratelimit-reset': '2026-11-24T10:05Z',
      'beta-ratelimit-policy': '"tenant-app-quota";q=100100;w=3600',
      'beta-ratelimit': '"tenant-app-quota";r=17842;t=2107',
    },
    quotas: [
      { policy: 'burst', limit: 350, remaining: 349, resetInMs: 300_000 },
      {
        policy: 'tenant-app-quota',
        unit: 'cost',
        limit: 100_100,
        remaining: 17_842,
        windowMs: HOUR,
        resetInMs: 2_107_000,
      },
    ],
  },
  {
    // Data Center.
    vendor: 'atlassian',
    headers: {
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '90',
      'x-ratelimit-interval-seconds': '60',
      'x-ratelimit-fillrate': '10',
      'retry-after': '0',
    },
    quotas: [{ policy: 'burst', limit: 100, remaining: 90, windowMs: MINUTE }],
  },
  {
    vendor: 'x-ratelimit',
    headers: { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': epoch(90) },
    quotas: [{ limit: 100, remaining: 9, resetInMs: 90_000, confidence: 'guessed' }],
  },
  {
    // Reddit: counts with a fraction, the reset in seconds.
    vendor: 'x-ratelimit',
    headers: { 'x-ratelimit-used': '3', 'x-ratelimit-remaining': '597.0', 'x-ratelimit-reset': '345' },
    quotas: [{ used: 3, remaining: 597, resetInMs: 345_000 }],
  },
  {
    // Brave: a second and a month side by side.
    vendor: 'x-ratelimit',
    headers: {
      'x-ratelimit-limit': '1, 15000',
      'x-ratelimit-policy': '1;w=1, 15000;w=2592000',
      'x-ratelimit-remaining': '1, 1000',
      'x-ratelimit-reset': '1, 1419704',
    },
    quotas: [
      { policy: 'x-ratelimit 1s', limit: 1, remaining: 1, windowMs: 1000, resetInMs: 1000 },
      { policy: 'x-ratelimit 30d', limit: 15_000, remaining: 1000, windowMs: 30 * DAY, resetInMs: 1_419_704_000 },
    ],
  },
  {
    // Kong.
    vendor: 'x-ratelimit',
    headers: { 'x-ratelimit-limit-minute': '10', 'x-ratelimit-remaining-minute': '9' },
    quotas: [{ policy: 'minute', limit: 10, remaining: 9, windowMs: MINUTE }],
  },
  {
    // lemlist.
    vendor: 'x-ratelimit',
    headers: {
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '7',
      'x-ratelimit-reset': 'Tue Nov 24 2026 11:00:02 GMT+0100 (Central European Standard Time)',
    },
    quotas: [{ limit: 20, remaining: 7, resetInMs: 2000 }],
  },
];

describe('headers of an answer that is fine', () => {
  test.each(examples)('$vendor is recognised by $headers', ({ vendor, headers, quotas }) => {
    const reading = read({ headers });
    expect(reading.profile.split('+')[0]).toBe(vendor);
    expect(reading.quotas).toEqual(quotas.map((quota) => expect.objectContaining(quota)));
    expect(reading).toMatchObject({ throttled: false, problems: [] });
    expect(reading.waitMs).toBeUndefined();
  });

  test.each(examples)('$vendor reads the same when it is declared', ({ vendor, headers, quotas }) => {
    const reading = read({ headers, profile: vendor });
    const declared = quotas.map((quota) => ({ ...quota, confidence: 'declared' }));
    expect(reading).toMatchObject({ profile: vendor, problems: [] });
    expect(reading.quotas).toEqual(declared.map((quota) => expect.objectContaining(quota)));
  });

  test('another profile than the declared one is not asked, and `none` reads nothing', () => {
    const headers = { 'x-shopify-shop-api-call-limit': '39/40' };
    expect(read({ headers, profile: 'github' }).quotas).toEqual([]);
    expect(read({ headers, profile: 'none' })).toEqual(read({}));
  });

  test("a gateway's standard fields are read beside the vendor's, but nothing twice", () => {
    const own = { 'x-hubspot-ratelimit-max': '100', 'x-hubspot-ratelimit-remaining': '9' };
    expect(read({ headers: { ...own, ratelimit: '"edge";r=5;t=1' } })).toMatchObject({
      profile: 'hubspot+ietf',
      quotas: [{ policy: 'interval' }, { policy: 'edge' }],
    });
    const atlassian = { 'x-ratelimit-nearlimit': 'true', ratelimit: '"tenant-app-quota";r=5;t=1' };
    expect(read({ headers: atlassian })).toMatchObject({
      profile: 'atlassian',
      quotas: [{ unit: 'cost', remaining: 5 }],
    });
    const twice = { 'x-ratelimit-remaining': '5', 'x-ratelimit-resource': 'core' };
    expect(read({ headers: twice })).toMatchObject({ profile: 'github', quotas: [{ policy: 'core' }] });
  });

  test.each(profileNames.filter((name) => name !== 'google'))('%s has signs of its own', (name) => {
    const signs = profiles[name].signs;
    expect(signs.length).toBeGreaterThan(0);
    for (const sign of signs) expect(sign).toBe(sign.toLowerCase());
    expect(profiles[name].name).toBe(name);
  });

  test("what a cache has kept is somebody else's quota", () => {
    const headers = { 'x-ratelimit-remaining': '0', age: '30' };
    expect(read({ headers }).quotas).toEqual([]);
    expect(read({ headers: { ...headers, age: '0' } }).quotas).toHaveLength(1);
  });
});

describe('costs', () => {
  const cost = {
    data: { orders: { nodes: [] } },
    extensions: {
      cost: {
        requestedQueryCost: 252,
        actualQueryCost: 12,
        throttleStatus: { maximumAvailable: 2000, currentlyAvailable: 1988, restoreRate: 100 },
      },
    },
  };

  test('of a Shopify query stand in its body', () => {
    expect(read({ profile: 'shopify', json: cost })).toMatchObject({
      cost: 12,
      throttled: false,
      quotas: [{ unit: 'cost', limit: 2000, remaining: 1988, windowMs: 20_000, resetInMs: 120 }],
    });
  });

  test('a large page is only looked at when it is parsed anyway', () => {
    let parsed = 0;
    const text = JSON.stringify({ ...cost, padding: 'x'.repeat(100_000) });
    const body = (): unknown => {
      parsed += 1;
      return JSON.parse(text);
    };
    const input = { profile: 'shopify', text, body } as const;
    expect(read(input).cost).toBeUndefined();
    expect(parsed).toBe(0);
    expect(read({ ...input, bodyIsFree: true }).cost).toBe(12);
  });

  test('of a Linear query stand in a header', () => {
    expect(read({ headers: { 'x-complexity': '60' } }).cost).toBe(60);
  });
});
