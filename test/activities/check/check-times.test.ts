import { describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../../definitions/definition.ts';
import { about, asked, check, codes, wholeSeconds, type Answers, type Row } from './checked-answers.ts';

test.each([
  ['a tie-breaker', ['at', 'n'], ['00Z', '01Z', '02Z']],
  ['a fraction', ['at'], ['00Z', '01Z', '02.5Z']],
  ['too few to tell', ['at'], ['00Z', '01Z']],
])('whole seconds are no trouble: %s', async (_, version, ends) => {
  const rows = ends.map((end, n) => ({ id: `a${n}`, at: `2026-11-01T10:00:${end}`, n }));
  expect(codes(await check(() => rows, wholeSeconds(version)))).toEqual([]);
});

const timed: Partial<StreamInput> = {
  incremental: { field: 'at', start: { as: 'since' } },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, at: {} } },
};
const day = (n: number): string => `2026-11-${String(n).padStart(2, '0')}T10:00:00Z`;
const dated: Row[] = [1, 2, 3, 4, 5].map((n) => ({ id: `o${n}`, at: day(n) }));
const since = (
  rows: readonly Row[],
  query: URLSearchParams,
  keeps = (at: string, bound: string) => at >= bound,
): Row[] => {
  const bound = query.get('since');
  return bound === null ? [...rows] : rows.filter(({ at }) => keeps(String(at), bound.replace('.000Z', 'Z')));
};

describe('a bound of time', () => {
  test('is tried with the median of what came, and verified', async () => {
    const checked = await check((query) => since(dated, query), timed);
    expect(asked).toEqual(['/orders', '/orders?since=2026-11-03T10%3A00%3A00.000Z']);
    expect(checked).toMatchObject({
      findings: [],
      bound: { from: '2026-11-03T10:00:00.000Z', records: 3 },
      records: 5,
    });
    expect(about(checked.verified)).toEqual(['keys', 'times', 'bound']);
  });

  test.each<[name: string, codes: string[], answers: Answers, change?: Partial<StreamInput>]>([
    ['is ignored', ['error bound-ignored'], () => dated],
    ['returns nothing', ['error bound-returns-nothing'], (query) => (query.has('since') ? [] : dated)],
    [
      'is refused where it is old',
      ['warning bound-failed'],
      (query) => ((query.get('since') ?? '9') < '2026-11-20' ? 400 : dated),
    ],
    [
      'may be read by the day',
      ['warning bound-loose'],
      () => dated.map(({ id: key }, n) => ({ id: key, at: `2026-11-0${n < 3 ? 1 : 2}T10:00:0${n}Z` })),
    ],
    ['is refused', ['error bound-failed'], (query) => (query.has('since') ? 400 : dated)],
    [
      'leaves out its own moment',
      ['warning bound-exclusive'],
      (query) => since(dated, query, (at, bound) => at > bound),
    ],
    [
      'loses what is later',
      ['error bound-loses-records'],
      (query) => since(dated, query, (at, bound) => at > bound && at !== day(5)),
    ],
    [
      'is read in another zone',
      ['warning bound-loose'],
      (query) => since(dated, query, (at, bound) => at >= bound.replace('-03T', '-02T')),
    ],
    [
      'is never sent',
      ['error bound-not-sent'],
      () => dated,
      {
        source: {
          request: () => ({ method: 'GET', url: '/x', headers: {}, body: undefined }),
          read: ({ text }) => ({ records: JSON.parse(text) as unknown[], next: { cursor: null, total: null } }),
        },
      },
    ],
  ])('%s', async (_, expected, answers, change = {}) => {
    const { source } = change;
    const stream = source === undefined ? timed : { ...timed, path: undefined };
    expect(codes(await check(answers, { ...stream, ...change }))).toEqual(expected);
  });

  test.each<[name: string, answers: Answers, change: Partial<StreamInput>]>([
    [
      'a day',
      (query) => since(dated, query, (at, bound) => at.slice(0, 10) >= bound),
      { incremental: { field: 'at', start: { as: 'since', format: 'date' } } },
    ],
    [
      'a second before a moment that the partner excludes',
      (query) => since(dated, query, (at, bound) => at > bound),
      { incremental: { field: 'at', start: { as: 'since', format: 'isoSeconds' }, startInclusive: false } },
    ],
    [
      'seconds since 1970, written as text',
      (query) =>
        dated
          .map(({ id, at }) => ({ id, at: String(Date.parse(String(at)) / 1000) }))
          .filter(({ at }) => Number(at) >= Number(query.get('since') ?? 0)),
      { incremental: { field: 'at', start: { as: 'since', format: 'epochSeconds' } } },
    ],
  ])('may be as coarse as %s', async (_, answers, change) => {
    const checked = await check(answers, { ...timed, ...change });
    expect(codes(checked)).toEqual([]);
    expect(about(checked.verified)).toContain('bound');
  });

  test('is not tried where all records have one time', async () => {
    const checked = await check(() => dated.map(({ id }) => ({ id, at: day(1) })), timed);
    expect(about(checked.unverified)).toEqual(['bound']);
    expect(asked).toHaveLength(1);
  });

  test('asks no longer than a slice, and begins with the latest one', async () => {
    const incremental = { ...timed.incremental, field: 'at', end: { as: 'until' }, initial: '2020-01-01T00:00:00Z' };
    await check((query) => since(dated, query), { ...timed, incremental, slice: '7d' });
    expect(asked.map((url) => decodeURIComponent(url))).toEqual([
      '/orders?since=2026-11-18T03:00:00.000Z&until=2026-11-25T03:00:00.000Z',
    ]);
  });
});

describe('times of records', () => {
  test.each<[name: string, codes: string[], rows: Row[]]>([
    ['are missing in some', ['warning time-missing'], [...dated, { id: 'x', at: null }, { id: 'y' }]],
    ['cannot be read in some', ['warning time-unreadable'], [...dated, { id: 'x', at: 'last tuesday' }]],
    ['lie ahead', ['warning time-in-future'], [...dated, { id: 'x', at: '2999-01-01T00:00:00Z' }]],
    [
      'cannot be read in any',
      ['error watermark-stalls'],
      [
        { id: 'x', at: 'today' },
        { id: 'y', at: 'yesterday' },
      ],
    ],
  ])('%s', async (_, expected, rows) => {
    const answers: Answers = (query) => since(rows, query, (at, bound) => /^\d{4}/.test(at) && at >= bound);
    expect(codes(await check(answers, timed))).toEqual(expected);
  });

  test('are named with their place', async () => {
    const { findings } = await check((query) => since([...dated, { id: 'x', at: 'soon' }], query), timed);
    expect(findings.map(({ says }) => says)).toEqual([
      '1 of 6 records came with something at "at" that is no time (page 1, record 6: a text that is no time as `times` or ISO 8601 has it). Say under `times` how it is written',
    ]);
  });
});
