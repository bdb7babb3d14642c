import { describe, expect, test } from '@jest/globals';
import { limitProfile } from '../../../definitions/limit-profile.ts';
import { nowMs, read } from './answer.ts';

const epochMs = String(nowMs + 30_000);

describe('a profile that a definition writes out', () => {
  const contentful = {
    name: 'second',
    limit: 'X-Contentful-RateLimit-Second-Limit',
    remaining: 'X-Contentful-RateLimit-Second-Remaining',
    reset: 'X-Contentful-RateLimit-Reset',
    resetAs: 'seconds',
    window: '1s',
  };

  test('reads one policy, or several', () => {
    const headers = {
      'x-contentful-ratelimit-second-limit': '10',
      'x-contentful-ratelimit-second-remaining': '4',
      'x-contentful-ratelimit-reset': '1',
      'x-spent': '60',
      'x-budget': '100',
    };
    const { name: _, ...flat } = contentful;
    expect(read({ headers, profile: flat }).quotas).toEqual([
      {
        policy: 'quota',
        unit: 'requests',
        limit: 10,
        remaining: 4,
        windowMs: 1000,
        resetInMs: 1000,
        source:
          'x-contentful-ratelimit-second-limit, x-contentful-ratelimit-second-remaining, x-contentful-ratelimit-reset',
        confidence: 'declared',
      },
    ]);
    const policies = [contentful, { name: 'points', limit: 'X-Budget', used: 'X-Spent', unit: 'cost' }];
    expect(read({ headers, profile: { policies } })).toMatchObject({
      profile: 'custom',
      quotas: [
        { policy: 'second', remaining: 4 },
        { policy: 'points', unit: 'cost', limit: 100, used: 60, remaining: 40 },
      ],
    });
  });

  test.each([
    ['seconds', '30'],
    ['milliseconds', '30000'],
    ['epoch', String(nowMs / 1000 + 30)],
    ['epochMs', epochMs],
    ['iso', '2026-11-24T10:00:30Z'],
    ['httpDate', 'Tue, 24 Nov 2026 10:00:30 GMT'],
    ['duration', '30s'],
    ['auto', '30'],
    ['auto', '30s'],
    ['auto', epochMs],
    ['auto', '2026-11-24T10:00:30Z'],
  ])('takes a time as %s: %s', (as, value) => {
    const profile = { remaining: 'X-Left', reset: 'X-Again', resetAs: as, retryAfter: { header: 'X-Wait', as } };
    expect(read({ status: 429, headers: { 'x-left': '0', 'x-again': value }, profile }).waitMs).toBe(30_000);
    expect(read({ status: 429, headers: { 'x-wait': value }, profile }).waitMs).toBe(30_000);
  });

  test('a value in another form than the declared one is no wait', () => {
    const profile = { remaining: 'X-Left', reset: 'X-Again', resetAs: 'epoch' };
    const reading = read({ status: 429, headers: { 'x-left': '0', 'x-again': '30' }, profile });
    expect(reading.waitMs).toBeUndefined();
    expect(reading.problems).toEqual(['x-again is no time that can be meant']);
  });

  test.each([
    [{ status: 400, code: { path: 'error.code', equals: 'RATE' } }, 400, { error: { code: 'RATE' } }, true],
    [{ status: 400, code: { path: 'error.code', equals: ['A', 17] } }, 400, { error: { code: 17 } }, true],
    [{ status: 400, code: { path: 'error.code', equals: 17 } }, 400, { error: { code: '17' } }, false],
    [{ status: [200, 418], contains: 'slow down' }, 418, { say: 'slow down' }, true],
    [{ status: 200, code: { path: 'errors.*.code', equals: 'RATE' } }, 200, { errors: [{}, { code: 'RATE' }] }, true],
    [{ status: 400, contains: 'slow down' }, 422, { say: 'slow down' }, false],
  ])('the sign %j on a %i with %j: %s', (sign, status, json, throttled) => {
    const reading = read({ status, json, profile: { throttled: [sign], wait: '10s' } });
    expect(reading.throttled).toBe(throttled);
    expect(reading.waitMs).toBe(throttled ? 10_000 : undefined);
  });

  test('a function reads the rest, and what it gets wrong does no harm', () => {
    const profile = {
      read: ({ body, status }: { body: () => unknown; status: number }) => ({
        quotas: [
          { policy: 'body', unit: 'cost', remaining: (body() as { left: number }).left },
          { policy: 'odd', unit: 'cost', remaining: Number.NaN },
        ],
        waitMs: status === 429 ? 5000 : Number.NaN,
        cost: 7,
      }),
    };
    expect(read({ json: { left: 3 }, profile })).toMatchObject({
      quotas: [{ policy: 'body', remaining: 3, source: 'read' }],
      cost: 7,
      problems: ['a policy has numbers that cannot be meant'],
    });
    expect(read({ status: 429, json: { left: 3 }, profile }).waitMs).toBe(5000);
    expect(read({ text: '', profile })).toMatchObject({
      quotas: [],
      problems: ['the function `read` of the profile failed'],
    });
  });

  test.each([
    [{}, /names nothing to read/],
    [{ resetAs: 'seconds' }, /names nothing to read/],
    [{ remaning: 'X-Left' }, /remaning/],
    [{ remaining: 'X Left' }, /a header's name/],
    [{ remaining: 'X-Left', resetAs: 'minutes' }, /resetAs/],
    [{ remaining: 'X-Left', window: '1 fortnight' }, /a duration/],
    ['gihub', /github/],
  ])('%j is refused', (profile, problem) => {
    const result = limitProfile.safeParse(profile);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toMatch(problem);
  });

  test('the standard is known by both of its names', () => {
    expect(read({ profile: 'ratelimit', headers: { ratelimit: '"a";r=5' } }).profile).toBe('ietf');
  });
});
