import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { limits } from '../../definitions/definition.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { checkLimits } from '../../definitions/check-limits.ts';
import { bucketsOf, mostLateMs, needsTurn } from '../../limits/declare/bucket.ts';
import { callOf, chargesOf } from '../../limits/declare/charges.ts';
import { costOf } from '../../limits/declare/cost.ts';
import { latenessAt, punctual, wasLate } from '../../limits/turns/lateness.ts';
import { permitWaitOf, turnWaitOf } from '../../limits/permits/permit-wait.ts';
import { lessonsOf } from '../../limits/permits/learn.ts';
import { heardOf, nothingSeen, patienceOf, sawLatency } from '../../limits/turns/usual-latency.ts';

const declared = (input: PartnerInput['limits']): ReturnType<typeof limits.parse> => limits.parse(input);
const bucketsFrom = (input: PartnerInput['limits']): ReturnType<typeof bucketsOf> => bucketsOf(declared(input));

describe('limits go by turns when they cannot bear a late request', () => {
  test.each([
    [{ rate: 20 }, true],
    [{ rate: 20, burst: 5 }, false],
    [{ rate: 200, burst: 5 }, true],
    [{ rate: 200, burst: 100 }, false],
    [{ windows: [{ name: 'w', limit: 20, per: '1s' }] }, true],
    [{ windows: [{ name: 'w', limit: 20, per: '1m' }] }, false],
    [{ concurrency: 4, quotas: [{ name: 'daily', limit: 5, per: 'day' }] }, false],
  ] as const)('%j: %s', (input, turns) => {
    expect(needsTurn(bucketsFrom(input as PartnerInput['limits']))).toBe(turns);
  });

  test('what is late costs at most half of a burst and a fortieth of a window', () => {
    expect(mostLateMs(bucketsFrom({ rate: 20, burst: 5 }))).toBe(125);
    expect(mostLateMs(bucketsFrom({ windows: [{ name: 'w', limit: 9, per: '6s' }] }))).toBe(150);
    expect(mostLateMs(bucketsFrom({ quotas: [{ name: 'q', limit: 9, per: 'day' }] }))).toBe(250);
  });
});

describe('what a request takes of the buckets', () => {
  const input = declared({
    rate: 10,
    burst: 10,
    concurrency: 2,
    quotas: [
      { name: 'daily', limit: 100, per: 'day' },
      { name: 'points', limit: 1000, per: 'hour', unit: 'cost' },
    ],
    cost: { assume: 5 },
    weights: [
      { path: '/search', weight: 5, of: ['rate'] },
      { method: 'POST', path: '/orders/*/lines', weight: 3 },
    ],
  });
  const take = (method: string, path: string): number[] =>
    chargesOf({ method, path }, bucketsOf(input), { weights: input.weights, cost: 7 });

  test.each([
    ['GET', '/payments', [1, 1, 7, 1]],
    ['GET', '/search/all', [5, 1, 7, 1]],
    ['POST', '/orders/12/lines', [3, 3, 7, 1]],
    ['GET', '/orders/12/lines', [1, 1, 7, 1]],
    ['POST', '/orders/12/lines/4', [1, 1, 7, 1]],
  ])('%s %s: %j', (method, path, expected) => {
    expect(take(method, path)).toEqual(expected);
  });

  test('paths follow the base URL', () => {
    const url = 'https://api.acme.example/v2/orders?page=1';
    expect(callOf({ method: 'GET', url }, 'https://api.acme.example/v2/')).toEqual({ method: 'GET', path: '/orders' });
  });

  test.each([
    [{ header: 'X-Cost' }, { 'x-cost': '12' }, '{}', 12],
    [{ header: 'X-Cost' }, { 'x-cost': 'many' }, '{}', undefined],
    [{ body: 'extensions.cost' }, {}, '{"extensions":{"cost":2.5}}', 2.5],
    [{ body: 'extensions.cost' }, {}, 'no JSON', undefined],
    [{ body: 'extensions.cost' }, {}, '{"extensions":{"cost":-1}}', undefined],
  ])('what it cost is read from %j', (place, headers, text, expected) => {
    expect(costOf({ assume: 1, ...place }, { headers, text })).toBe(expected);
  });
});

test.each([
  [{ windows: [{ name: 'rate', limit: 1, per: '1s' }] }, 'is the name of another bucket'],
  [{ rate: 5, burst: 2, weights: [{ path: '/a', weight: 3 }] }, '3 never fits into burst 2'],
  [{ rate: 5, weights: [{ path: '/a', weight: 1, of: ['daily'] }] }, 'no bucket "daily"'],
  [{ rate: 5, unit: 'cost' }, 'missing; a bucket counts cost'],
  [{ rate: 5, cost: { assume: 1 } }, 'not used'],
  [{ windows: [{ name: 'w', limit: 1, per: '0s' }] }, 'above 0'],
] as const)('%j is a mistake of the definition: %s', (input, says) => {
  expect(checkLimits(declared(input as PartnerInput['limits'])).map((problem) => problem.says)).toEqual([
    expect.stringContaining(says),
  ]);
});

describe('what answers tell', () => {
  const buckets = bucketsFrom({
    rate: 2,
    burst: 40,
    windows: [{ name: 'minute', limit: 60, per: '1m' }],
    quotas: [{ name: 'daily', limit: 1000, per: 'day' }],
  });
  const reading = { policy: 'x', unit: 'requests', source: 's', confidence: 'standard' } as const;

  test.each([
    ['by name', { ...reading, policy: 'Daily', remaining: 7 }, [{ kind: 'bucket', bucket: 'daily', left: 7 }]],
    [
      'by its window',
      { ...reading, windowMs: 60_000, limit: 60, used: 50 },
      [{ kind: 'bucket', bucket: 'minute', left: 10 }],
    ],
    ['another limit of the same window', { ...reading, windowMs: 60_000, limit: 90, remaining: 80 }, []],
    [
      'a bucket that refills, by what it holds and how long that takes',
      { ...reading, refills: true as const, limit: 40, windowMs: 20_000, remaining: 2, resetInMs: 19_000 },
      [{ kind: 'bucket', bucket: 'rate', left: 2, resetInMs: 19_000 }],
    ],
    [
      'a larger bucket that refills',
      { ...reading, refills: true as const, limit: 80, windowMs: 20_000, remaining: 2, resetInMs: 19_000 },
      [{ kind: 'undeclared', left: 2, resetInMs: 19_000 }],
    ],
    [
      'a window of the same size, which does not refill',
      { ...reading, limit: 40, windowMs: 20_000, remaining: 2, resetInMs: 19_000 },
      [{ kind: 'undeclared', left: 2, resetInMs: 19_000 }],
    ],
    [
      'undeclared with little left',
      { ...reading, remaining: 3, resetInMs: 9000 },
      [{ kind: 'undeclared', left: 3, resetInMs: 9000 }],
    ],
    ['undeclared with much left', { ...reading, remaining: 300, resetInMs: 9000 }, []],
    ['guessed', { ...reading, confidence: 'guessed' as const, remaining: 0, resetInMs: 9000 }, []],
    ['slots', { ...reading, unit: 'concurrency' as const, remaining: 0, resetInMs: 9000 }, []],
  ])('is understood: %s', (_name, told, lessons) => {
    expect(lessonsOf([told], buckets)).toEqual(lessons);
  });
});

test('the greatest lateness halves every 30 s', () => {
  const late = wasLate(wasLate(punctual, 80, 0), 10, 1000);
  expect(latenessAt(late, 0)).toBe(80);
  expect(latenessAt(late, 30_000)).toBe(40);
  expect(wasLate(late, 50, 30_000)).toEqual({ maxMs: 50, atMs: 30_000 });
});

const times = (count: number, ms: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => ms(i));

describe('the usual latency', () => {
  const given = { periodMs: 50, lagMs: 0 };
  const after = (latencies: readonly number[], lagMs = 0): number =>
    latencies.reduce((usual, ms) => sawLatency(usual, ms, { ...given, lagMs }), nothingSeen).baseMs;

  test('is nothing as long as little was seen: a request counts as late until its answer', () => {
    expect(after(times(11, () => 20))).toBe(0);
  });

  test('is a little less than the shortest, and stays so through a few long stalls', () => {
    expect(after(times(40, (i) => (i % 10 === 0 ? 200 : 3)))).toBeCloseTo(2.2, 1);
  });

  test('grows for a partner whose answers vary more than the pace can pay for, but not for a busy machine of ours', () => {
    const varied = times(100, (i) => 5 + (i % 20));
    expect(after(varied)).toBeGreaterThan(10);
    expect(after(varied, 5)).toBeLessThan(6);
  });

  test.each([
    [100, 1000],
    [20, 250],
  ])('of a partner that stalls once in %d answers: an overdue one is waited for %d ms', (every, patienceMs) => {
    const seen = times(200, (i) => (i % every === 0 ? 400 : 3));
    expect(patienceOf(seen.reduce((usual, ms) => sawLatency(usual, ms, given), nothingSeen))).toBe(patienceMs);
  });

  test('is no longer than what another process saw', () => {
    const slow = times(40, () => 30).reduce((usual, ms) => sawLatency(usual, ms, given), nothingSeen);
    expect(heardOf(slow, 1).baseMs).toBe(1);
    expect(heardOf(slow, undefined)).toBe(slow);
  });
});

test('docs/limits.md shows limits that load', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\nlimits:\n(.*?)```/s.exec(page) ?? [];
  const written = limits.parse(parse(example.replaceAll(/^ {2}/gm, '')));
  expect(checkLimits(written)).toEqual([]);
  expect(Object.keys(written).filter((key) => !example.includes(`${key}:`))).toEqual(
    ['unit', 'profile'].filter((key) => !example.includes(`${key}:`)),
  );
});

test('what was in the way of a permit, as a kind', () => {
  const buckets = bucketsOf(
    limits.parse({
      rate: 5,
      concurrency: 2,
      quotas: [{ name: 'daily', limit: 9, per: 'day' }],
      windows: [{ name: 'burst', limit: 5, per: '10s' }],
    }),
  );
  const kind = (cause: string | null, down = false): string => permitWaitOf({ cause, down }, buckets);
  expect(['rate', 'concurrency', 'daily', 'burst'].map((cause) => kind(cause))).toEqual([
    'rate',
    'concurrency',
    'quota',
    'window',
  ]);
  expect(kind('daily: what is left is kept for critical work')).toBe('lane');
  expect(kind('what the partner says is left')).toBe('partner');
  expect(kind('answered 429: slow down')).toBe('partner');
  expect(kind('answered 503', true)).toBe('outage');
  expect([turnWaitOf(buckets), turnWaitOf(buckets.filter(({ kind: of }) => of === 'window'))]).toEqual([
    'rate',
    'window',
  ]);
});
