import { describe, expect, test } from '@jest/globals';
import { createArrivals } from '../../simulator/judge/arrivals.ts';
import { gapsBetween } from '../../simulator/judge/gaps.ts';
import { createListing } from '../../simulator/judge/listing.ts';
import { createOutages } from '../../simulator/judge/outages.ts';
import { createPanel } from '../../simulator/judge/panel.ts';
import { createScript } from '../../simulator/judge/script.ts';
import { judgeConfig } from '../../simulator/judge/settings.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';
import { createTold } from '../../simulator/judge/told.ts';
import { weigh } from '../../simulator/judge/weigh.ts';

const panelOf = (judges: NonNullable<JudgeInput['judges']>) => createPanel(judgeConfig.parse({ judges }).judges);
const get = (path: string) => ({ method: 'GET', path });
const post = (path: string) => ({ method: 'POST', path });

describe('a panel', () => {
  test.each([
    [false, 'uses nothing up of the others', [true, false, false, true, true, false]],
    [true, 'counts where refused ones count', [true, false, false, false, false, false]],
  ])('with countRefused %j a request that one judge refuses %s', (countRefused, _, expected) => {
    const panel = panelOf([
      { kind: 'tokenBucket', rate: 10 },
      { kind: 'dailyQuota', limit: 3, countRefused },
    ]);
    const times = [0, 1, 2, 100_000, 200_000, 300_000];
    expect(times.map((atUs) => panel.admit(atUs, get('/s/a')).ok)).toEqual(expected);
  });

  test('the judge with the longest wait decides about wait and status, and is told first', () => {
    const panel = panelOf([
      { kind: 'tokenBucket', rate: 10, status: 503 },
      { kind: 'fixedWindow', limit: 1, perMs: 1000, status: 403 },
    ]);
    expect(panel.admit(0, get('/s/a')).quotas.map(({ name }) => name)).toEqual(['burst', 'window']);
    const ruling = panel.admit(0, get('/s/a'));
    expect(ruling).toMatchObject({ ok: false, waitUs: 1_000_000, status: 403 });
    expect(ruling.quotas.map(({ name }) => name)).toEqual(['window', 'burst']);
    expect(panel.admit(950_000, get('/s/a'))).toMatchObject({ waitUs: 50_000 });
  });

  test('a secondary limit weighs methods, refuses with 403 and is told by no header', () => {
    const panel = panelOf([
      { kind: 'fixedWindow', limit: 100, perMs: 1000 },
      { kind: 'secondary', points: 11 },
    ]);
    const all = [post('/s/a'), post('/s/a'), get('/s/a'), get('/s/a')].map((asked) => panel.admit(0, asked));
    expect(all.map(({ ok }) => ok)).toEqual([true, true, true, false]);
    expect(all[3]).toMatchObject({ status: 403, waitUs: 60_000_000, quotas: [{ name: 'window', remaining: 97 }] });
  });

  test('a judge for one path does not look at others', () => {
    const weights = [
      { path: '/', weight: 0 },
      { path: '/s/search', weight: 1 },
    ];
    const panel = panelOf([{ kind: 'tokenBucket', rate: 1, weights }]);
    const oks = ['/s/search', '/s/a', '/s/search', '/s/a'].map((path) => panel.admit(0, get(path)).ok);
    expect(oks).toEqual([true, true, false, true]);
  });

  test('it tells how often each judge refused, how much too soon and how far it was used', () => {
    const panel = panelOf([
      { kind: 'tokenBucket', rate: 10, burst: 2 },
      { kind: 'concurrency', limit: 3 },
    ]);
    for (const atUs of [0, 0, 30_000, 100_000]) panel.admit(atUs, get('/s/a'));
    panel.admit(200_000, get('/s/a'));
    panel.release(get('/s/a'));
    panel.admit(250_000, get('/s/a'));
    expect(panel.standings()).toEqual([
      { name: 'burst', kind: 'tokenBucket', refused: 1, worstOverrunMs: 70, peakUsed: 2 },
      { name: 'concurrency', kind: 'concurrency', refused: 1, worstOverrunMs: 1000, peakUsed: 3 },
    ]);
  });

  test('a refused request is never open, even where refused ones count', () => {
    const panel = panelOf([{ kind: 'concurrency', limit: 1, countRefused: true }]);
    expect([0, 1].map((atUs) => panel.admit(atUs, get('/s/a')).ok)).toEqual([true, false]);
    panel.release(get('/s/a'));
    expect(panel.admit(2, get('/s/a')).ok).toBe(true);
  });
});

test.each([
  [[], get('/s/a'), 1],
  [[{ path: '/s', weight: 3 }], get('/s/a'), 3],
  [
    [
      { path: '/s', weight: 3 },
      { path: '/s/a', weight: 7 },
    ],
    get('/s/a/b'),
    7,
  ],
  [
    [
      { path: '/s/a', weight: 7 },
      { path: '/s', weight: 3 },
    ],
    get('/s/b'),
    3,
  ],
  [
    [
      { path: '/', weight: 2 },
      { path: '/', method: 'POST', weight: 5 },
    ],
    post('/x'),
    5,
  ],
  [
    [
      { path: '/', weight: 2 },
      { path: '/', method: 'POST', weight: 5 },
    ],
    get('/x'),
    2,
  ],
  [[{ path: '/', method: 'POST', weight: 5 }], get('/x'), 1],
])('with weights %j the request %j counts %i', (weights, asked, expected) => {
  expect(weigh(weights, asked)).toBe(expected);
});

describe('what was told', () => {
  test('arrivals before the reset are early, the first after it is noted', () => {
    const told = createTold(5);
    told.arrive(0, 'a');
    told.tell(1000, 1_001_000);
    told.arrive(5999, 'a');
    told.arrive(6001, 'b');
    told.arrive(1_000_999, 'a');
    told.arrive(1_001_000, 'a');
    told.arrive(1_500_000, 'a');
    expect([told.early(), told.inTransit()]).toEqual([2, 1]);
    expect(told.resets).toEqual([{ toldAtUs: 1000, untilUs: 1_001_000, firstAtUs: 1_001_000, early: 2 }]);
    expect(told.earlyOnes).toEqual([
      { atUs: 6001, stream: 'b', sinceToldMs: 5.001, beforeResetMs: 994.999 },
      { atUs: 1_000_999, stream: 'a', sinceToldMs: 999.999, beforeResetMs: 0.001 },
    ]);
  });

  test('a wait that is told again before it is over is the same wait, as long as the longer of them', () => {
    const told = createTold(0);
    told.tell(0, 1000);
    told.tell(500, 3000);
    told.tell(600, 2000);
    told.arrive(2500, 'a');
    told.arrive(3000, 'a');
    told.tell(4000, 5000);
    told.tell(4000, 3000);
    expect(told.resets).toEqual([
      { toldAtUs: 0, untilUs: 3000, firstAtUs: 3000, early: 1 },
      { toldAtUs: 4000, untilUs: 5000, firstAtUs: null, early: 0 },
    ]);
  });
});

const waitsOf = (scripted: NonNullable<JudgeInput['scripted']>, times: readonly number[]) => {
  const script = createScript(judgeConfig.parse({ scripted }));
  return times.map((atUs, index) => script.next(atUs, index + 1)?.waitUs ?? 0);
};

describe('a script', () => {
  test('refuses the n-th request and all before the reset', () => {
    expect(waitsOf([{ nth: 2, retryAfterMs: 10 }], [0, 1000, 2000, 10_999, 11_000])).toEqual([0, 10_000, 9000, 1, 0]);
  });
  test('refuses only the n-th request where it does not hold', () => {
    expect(waitsOf([{ nth: 2, retryAfterMs: 10, holds: false }], [0, 1000, 2000])).toEqual([0, 10_000, 0]);
  });
  test('a later refusal can lengthen a wait but not shorten it', () => {
    const scripted = [
      { nth: 1, retryAfterMs: 10 },
      { nth: 2, retryAfterMs: 2 },
      { nth: 3, retryAfterMs: 20 },
    ];
    expect(waitsOf(scripted, [0, 1000, 2000, 21_999, 22_000])).toEqual([10_000, 9000, 20_000, 1, 0]);
  });
});

test('outages count their calls and how soon somebody came back', () => {
  const outages = [
    { fromMs: 1, toMs: 3 },
    { fromMs: 5, toMs: 6, how: 'reset' },
  ];
  const plan = (outagesFrom: 'start' | 'firstArrival') =>
    createOutages(judgeConfig.parse({ outages, outagesFrom }), 10_000);
  const fromStart = plan('start');
  expect([11_000, 12_999, 13_500, 15_000].map((atUs) => fromStart.during(atUs))).toEqual([
    '503',
    '503',
    undefined,
    'reset',
  ]);
  expect(fromStart.report()).toEqual([
    { fromUs: 11_000, toUs: 13_000, calls: 2, recoveredAfterMs: 0.5 },
    { fromUs: 15_000, toUs: 16_000, calls: 1, recoveredAfterMs: null },
  ]);
  const fromFirst = plan('firstArrival');
  expect(fromFirst.report()[0]).toEqual({ fromUs: null, toUs: null, calls: 0, recoveredAfterMs: null });
  expect([90_000, 91_000, 93_000].map((atUs) => fromFirst.during(atUs))).toEqual([undefined, '503', undefined]);
});

test('arrivals beyond the memory are counted and not kept', () => {
  const arrivals = createArrivals(2);
  const arrival = { method: 'GET', path: '/s/a', stream: 'a', token: 't', verdict: 'refused' } as const;
  const indexes = [5, 6, 7].map((atUs) => arrivals.add({ ...arrival, atUs }));
  for (const index of indexes) arrivals.answered(index, 429);
  expect([arrivals.total(), arrivals.kept()]).toEqual([3, 2]);
  expect(arrivals.at(1)).toEqual({ ...arrival, atUs: 6, status: 429 });
});

test.each([
  [[], { minUs: null, p1Us: null, p50Us: null, p99Us: null, maxUs: null }],
  [[7], { minUs: null, p1Us: null, p50Us: null, p99Us: null, maxUs: null }],
  [[0, 10, 40, 60], { minUs: 10, p1Us: 10, p50Us: 20, p99Us: 30, maxUs: 30 }],
])('the gaps between %j', (times, expected) => {
  expect(gapsBetween(times)).toEqual(expected);
});

test('pages made beforehand and pages made on the spot are the same', () => {
  const streams = { a: { pages: 3 } };
  const [ready, made] = [createListing({ streams, pages: 1, size: 2 }), createListing({ streams, pages: 1, size: 5 })];
  for (const page of [1, 2, 3, 4]) expect(ready.page('a', page, 2).toString()).toBe(made.page('a', page, 2).toString());
  expect(JSON.parse(ready.page('a', 3, 2).toString())).toEqual({
    data: [
      { id: 'a-4', v: 0 },
      { id: 'a-5', v: 1 },
    ],
    next: null,
  });
});
