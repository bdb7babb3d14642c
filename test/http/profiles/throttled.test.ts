import { describe, expect, test } from '@jest/globals';
import { HOUR, nowMs, read, type Answered } from './answer.ts';

const MINUTE = 60_000;
const epoch = (inSecs: number): string => String(nowMs / 1000 + inSecs);
const epochMs = (inSecs: number): string => String(nowMs + inSecs * 1000);

interface Refusal extends Answered {
  readonly what: string;
  readonly waitMs: number | undefined;
  readonly waitSource?: string;
  readonly cut?: boolean;
}

const shopifyRefusal = {
  errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
  extensions: {
    cost: {
      requestedQueryCost: 500,
      actualQueryCost: null,
      throttleStatus: { maximumAvailable: 1000, currentlyAvailable: 100, restoreRate: 50 },
    },
  },
};

const refusals: readonly Refusal[] = [
  {
    what: 'Retry-After wins over every other header, even if it is shorter',
    status: 429,
    headers: { 'retry-after': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(900) },
    waitMs: 5000,
    waitSource: 'retry-after',
  },
  {
    what: 'Retry-After wins over RateLimit (draft-ietf-httpapi-ratelimit-headers)',
    status: 429,
    headers: { 'retry-after': '60', ratelimit: '"a";r=0;t=30' },
    waitMs: MINUTE,
  },
  {
    what: 'a Retry-After of 0 is no leave to hammer',
    status: 429,
    headers: { 'retry-after': '0', ratelimit: '"a";r=0;t=30' },
    waitMs: 30_000,
    waitSource: 'ratelimit',
  },
  {
    what: 'of several exhausted policies the longest wait wins',
    status: 429,
    headers: { ratelimit: '"burst";r=0;t=5, "daily";r=0;t=90, "other";r=7;t=3000' },
    waitMs: 90_000,
  },
  {
    what: 'a reset beside something that remains is no reason',
    status: 429,
    headers: { 'x-ratelimit-remaining': '4000', 'x-ratelimit-reset': epoch(1800) },
    waitMs: undefined,
  },
  {
    what: 'a reset without a count counts',
    status: 429,
    headers: { 'x-rate-limit-reset': '2026-11-24T10:00:30Z' },
    waitMs: 30_000,
  },
  {
    what: 'a reset that has passed leaves it to the backoff',
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(-3) },
    waitMs: undefined,
  },
  {
    what: 'a wait beyond the cap is cut',
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(7200) },
    waitMs: HOUR,
    cut: true,
  },
  {
    what: 'headers of their own: milliseconds',
    status: 429,
    headers: { 'retry-after-ms': '1500' },
    waitMs: 1500,
    waitSource: 'retry-after-ms',
  },
  {
    what: 'headers of their own: X-RateLimit-RetryAfter',
    status: 429,
    headers: { 'x-ratelimit-retryafter': epoch(9) },
    waitMs: 9000,
  },
  {
    what: 'GitHub: the primary limit, with a 403',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(600), 'x-ratelimit-resource': 'core' },
    waitMs: 600_000,
  },
  {
    what: 'GitHub: a secondary limit waits a minute at least',
    status: 403,
    headers: { 'x-github-request-id': 'a', 'x-ratelimit-remaining': '4000', 'x-ratelimit-reset': epoch(1800) },
    json: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes.' },
    waitMs: MINUTE,
    waitSource: 'profile github',
  },
  {
    what: 'GitHub GraphQL: with a 200',
    headers: { 'x-github-request-id': 'a', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(60) },
    json: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] },
    waitMs: MINUTE,
  },
  {
    what: 'Stripe: a locked object is a 429 that says nothing',
    status: 429,
    headers: { 'stripe-should-retry': 'true', 'stripe-rate-limited-reason': 'endpoint-concurrency' },
    json: { error: { code: 'lock_timeout' } },
    waitMs: undefined,
  },
  {
    what: 'Shopify REST: decimal seconds',
    status: 429,
    headers: { 'retry-after': '2.0', 'x-shopify-shop-api-call-limit': '40/40' },
    waitMs: 2000,
  },
  {
    what: 'Shopify REST: without Retry-After one request leaks out',
    status: 429,
    headers: { 'x-shopify-shop-api-call-limit': '40/40' },
    waitMs: 500,
  },
  { what: 'Shopify GraphQL: until the bucket holds the query', json: shopifyRefusal, waitMs: 8000, waitSource: 'body' },
  {
    what: 'HubSpot: the window that is exhausted',
    status: 429,
    headers: {
      'x-hubspot-ratelimit-max': '100',
      'x-hubspot-ratelimit-remaining': '0',
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
    },
    waitMs: 10_000,
  },
  {
    what: 'HubSpot: its policy by name, recognised by the body',
    status: 429,
    json: { status: 'error', errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' },
    waitMs: 10_000,
    waitSource: 'body',
  },
  {
    what: 'HubSpot: the daily one is longer than the cap',
    status: 429,
    json: { status: 'error', errorType: 'RATE_LIMIT', policyName: 'DAILY' },
    waitMs: HOUR,
    cut: true,
  },
  {
    what: 'Salesforce: with a 403, frees bit by bit',
    status: 403,
    json: [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
    waitMs: 15 * MINUTE,
  },
  {
    what: "Zendesk: the endpoint's limit is exhausted, the account's is not",
    status: 429,
    headers: {
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '600',
      'ratelimit-reset': '5',
      'zendesk-ratelimit-tickets-index': 'total=100; remaining=0; resets=41',
    },
    waitMs: 41_000,
    waitSource: 'zendesk-ratelimit-tickets-index',
  },
  { what: 'Slack', status: 429, headers: { 'retry-after': '30', 'x-slack-req-id': 'a' }, waitMs: 30_000 },
  {
    what: 'Slack: with a 200',
    headers: { 'retry-after': '30', 'x-slack-req-id': 'a' },
    json: { ok: false, error: 'ratelimited' },
    waitMs: 30_000,
  },
  {
    what: 'Linear: with a 400, the slower of two budgets',
    status: 400,
    headers: {
      'x-ratelimit-requests-limit': '1500',
      'x-ratelimit-requests-remaining': '0',
      'x-ratelimit-requests-reset': epochMs(5),
      'x-ratelimit-complexity-limit': '250000',
      'x-ratelimit-complexity-remaining': '0',
      'x-ratelimit-complexity-reset': epochMs(22),
    },
    json: { errors: [{ extensions: { code: 'RATELIMITED', statusCode: 429 } }] },
    waitMs: 22_000,
  },
  {
    what: 'OpenAI: durations',
    status: 429,
    headers: {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-remaining-tokens': '5',
    },
    waitMs: 360_000,
  },
  {
    what: 'Google: with a 403, the time in a sentence',
    status: 403,
    json: {
      error: {
        code: 403,
        message: 'User-rate limit exceeded.  Retry after 2026-11-24T10:05:00.386Z',
        errors: [{ domain: 'usageLimits', reason: 'userRateLimitExceeded' }],
      },
    },
    waitMs: 300_386,
    waitSource: 'body',
  },
  {
    what: 'Google: RetryInfo',
    status: 429,
    json: {
      error: {
        status: 'RESOURCE_EXHAUSTED',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }],
      },
    },
    waitMs: 12_500,
  },
  {
    what: 'Google: no time told',
    status: 429,
    json: { error: { status: 'RESOURCE_EXHAUSTED' } },
    waitMs: 30_000,
    waitSource: 'profile google',
  },
  {
    what: 'Exact Online: the longer of two windows, with a 503',
    status: 503,
    headers: {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': epochMs(1800),
      'x-ratelimit-minutely-remaining': '0',
      'x-ratelimit-minutely-reset': epochMs(17),
    },
    waitMs: 1_800_000,
  },
  {
    what: 'Xero: the problem is named',
    status: 429,
    headers: { 'x-rate-limit-problem': 'Minute', 'x-daylimit-remaining': '4000' },
    waitMs: MINUTE,
  },
  {
    what: 'Discord: finer than a second',
    status: 429,
    headers: { 'x-ratelimit-global': 'true' },
    json: { message: 'You are being rate limited.', retry_after: 64.57, global: true },
    waitMs: 64_570,
  },
  {
    what: 'Atlassian: to the minute',
    status: 429,
    headers: {
      'x-ratelimit-nearlimit': 'true',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '2026-11-24T10:05Z',
    },
    waitMs: 300_000,
  },
];

describe('a refused answer', () => {
  test.each(refusals)('$what', ({ waitMs, waitSource, cut = false, ...answered }) => {
    const reading = read(answered);
    expect(reading).toMatchObject({
      throttled: true,
      cut,
      problems: [],
      ...(waitSource === undefined ? {} : { waitSource }),
    });
    expect(reading.waitMs).toBe(waitMs);
  });
});

describe('a refusal of nobody we know', () => {
  test("is not taken for a vendor's because it uses the same words", () => {
    // Kong's, and GitHub's for the primary limit.
    const json = { message: 'API rate limit exceeded' };
    expect(read({ status: 429, json })).toEqual({
      profile: '',
      throttled: true,
      quotas: [],
      cut: false,
      problems: [],
    });
    expect(read({ status: 403, json })).toMatchObject({ profile: '', throttled: false });
    expect(read({ status: 403, json, headers: { 'x-github-request-id': 'a' } })).toMatchObject({ throttled: true });
  });
});

describe('an answer that is not refused', () => {
  test.each<[string, Answered]>([
    ['a 403 for want of rights', { status: 403, json: { message: 'Resource not accessible' } }],
    ['a 403 with requests left', { status: 403, headers: { 'x-ratelimit-remaining': '10', 'x-ratelimit-reset': '5' } }],
    ['a 400 with another code', { status: 400, json: { errors: [{ extensions: { code: 'INVALID_INPUT' } }] } }],
    [
      'a 200 with an error of GraphQL',
      { json: { errors: [{ extensions: { code: 'NOT_FOUND' }, message: 'THROTTLED' }] } },
    ],
    ['a 200 whose records speak of it', { json: { data: [{ code: 'THROTTLED', errors: 'RATELIMITED' }] } }],
    ['a 403 that is no JSON', { status: 403, text: '<html>REQUEST_LIMIT_EXCEEDED</html>' }],
    ['a fine answer with a Retry-After of nothing', { headers: { 'retry-after': '0' } }],
    ['a fine answer with nothing left', { headers: { ratelimit: '"a";r=0;t=30' } }],
  ])('is %s', (_, answered) => {
    const reading = read(answered);
    expect(reading.throttled).toBe(false);
    expect(reading.waitMs).toBeUndefined();
  });

  test('may ask for a wait all the same, by Retry-After alone', () => {
    expect(read({ status: 500, headers: { 'retry-after': '7', 'x-ratelimit-reset': '90' } }).waitMs).toBe(7000);
    expect(read({ status: 500, headers: { 'x-ratelimit-reset': '90' } }).waitMs).toBeUndefined();
    expect(read({ status: 202, headers: { 'retry-after': '7' } }).waitMs).toBe(7000);
  });

  test('is what a rule of the definition says it is', () => {
    expect(read({ status: 429, headers: { 'retry-after': '7' }, ruled: 'giveUp' }).throttled).toBe(false);
    expect(read({ status: 200, headers: { ratelimit: '"a";r=0;t=30' }, ruled: 'throttled' })).toMatchObject({
      throttled: true,
      waitMs: 30_000,
    });
    expect(read({ status: 200, headers: { 'retry-after': '7' }, ruled: 'retry' }).waitMs).toBe(7000);
  });
});

describe('clocks', () => {
  test.each([-7200, -90, 0, 90, 7200])(
    "that go %i s apart do not matter: the partner's Date is believed",
    (skewSecs) => {
      const partnerNow = nowMs + skewSecs * 1000;
      const headers = {
        date: new Date(partnerNow).toUTCString(),
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(partnerNow / 1000 + 30),
      };
      expect(read({ status: 429, headers })).toMatchObject({ waitMs: 30_000, skewMs: skewSecs * 1000 });
      const retryAfter = { date: headers.date, 'retry-after': new Date(partnerNow + 30_000).toUTCString() };
      expect(read({ status: 429, headers: retryAfter }).waitMs).toBe(30_000);
    },
  );
});

describe('what cannot be meant', () => {
  test.each([
    [{ 'x-ratelimit-reset': 'later' }, 'x-ratelimit-reset is no time that can be meant'],
    [{ 'x-ratelimit-reset': '1000000000' }, 'x-ratelimit-reset is no time that can be meant'],
    [{ 'x-ratelimit-remaining': 'many' }, 'x-ratelimit-remaining is not a number'],
    [{ 'x-ratelimit-remaining': '1e99' }, 'x-ratelimit-remaining is not a number'],
    [{ 'x-ratelimit-limit': '1,'.repeat(2000) }, 'x-ratelimit-limit is too long'],
    [{ 'x-ratelimit-reset': '90000000' }, 'x-ratelimit-reset: the reset is further away than a month'],
    [{ ratelimit: '"a";r=1;;' }, 'ratelimit is not a structured field'],
    [{ ratelimit: '"a";t=1' }, 'ratelimit has no count of what remains'],
    [{ 'sforce-limit-info': 'soon' }, 'sforce-limit-info is not name=used/limit'],
    [{ 'x-shopify-shop-api-call-limit': '40' }, 'x-shopify-shop-api-call-limit is not used/size'],
    [{ 'zendesk-ratelimit-x': 'total=1', 'x-rate-limit': '1' }, 'zendesk-ratelimit-x is not total; remaining; resets'],
    [{ 'retry-after': 'soon' }, 'retry-after cannot be read'],
  ] as [Record<string, string>, string][])('%j is reported', (headers, problem) => {
    expect(read({ status: 429, headers }).problems).toEqual([problem]);
  });

  test('is reported a few times at most', () => {
    const names = ['limit', 'remaining', 'reset'].flatMap((end) => [`x-ratelimit-${end}`, `x-rate-limit-${end}`]);
    const headers = Object.fromEntries([...names, 'retry-after', 'ratelimit-limit'].map((name) => [name, '?']));
    expect(read({ status: 429, headers, profile: 'auto' }).problems.length).toBeLessThanOrEqual(5);
  });

  test('a limit of 0 on an answer that was given is no limit', () => {
    expect(read({ headers: { 'x-ratelimit-limit': '0', 'x-ratelimit-remaining': '0' } }).quotas).toEqual([]);
    expect(read({ headers: { 'x-ratelimit-limit': '-1', 'x-ratelimit-remaining': '-1' } }).quotas).toEqual([]);
  });

  test('an overdrawn quota has nothing left', () => {
    expect(read({ headers: { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '-2' } }).quotas).toMatchObject([
      { remaining: 0 },
    ]);
    expect(read({ headers: { 'x-ratelimit-limit': '10', 'x-ratelimit-used': '12' } }).quotas).toMatchObject([
      { limit: 10, used: 12, remaining: 0 },
    ]);
  });
});
