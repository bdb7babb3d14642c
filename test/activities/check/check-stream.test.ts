import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CheckedStream, FailedCheck } from '../../../activities/check/check-stream.ts';
import { findingCodes } from '../../../activities/check/findings.ts';
import type { PartnerInput, StreamInput } from '../../../definitions/definition.ts';
import { serve, type LocalServer } from '../../http/support/local-server.ts';
import { defineStream } from '../../support/define-stream.ts';
import { checkIt } from './check-it.ts';

type Row = Readonly<Record<string, unknown>>;
/** What the partner answers to the query of a request; a number is a status. */
type Answers = (query: URLSearchParams, nth: number) => unknown;

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const asked: string[] = [];

async function check(
  answers: Answers,
  change: Partial<StreamInput>,
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): Promise<CheckedStream> {
  const result = await tryCheck(answers, change, rest);
  if ('error' in result) throw new Error(result.error);
  return result;
}

async function tryCheck(
  answers: Answers,
  change: Partial<StreamInput>,
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): Promise<CheckedStream | FailedCheck> {
  asked.length = 0;
  server = await serve((request, response) => {
    asked.push(request.url as string);
    const answer = answers(new URL(request.url as string, 'http://x').searchParams, asked.length);
    response.statusCode = typeof answer === 'number' ? answer : 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  return checkIt(defineStream({ version: [], ...change }, { baseUrl: server.url, ...rest }));
}

const codes = ({ findings }: CheckedStream): string[] => findings.map(({ code, severity }) => `${severity} ${code}`);
const about = (remarks: CheckedStream['verified']): string[] => remarks.map((remark) => remark.about);
const ids = (from: number, to: number): Row[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: `o${from + i}`, text: null }));
/** Cut by a well-behaved offset. */
const cut = (rows: readonly Row[], query: URLSearchParams, size = 3): readonly Row[] => {
  const from = Number(query.get('offset') ?? 0);
  return rows.slice(from, from + size);
};

const wholeSeconds = (version: string[]): Partial<StreamInput> => ({
  version,
  schema: {
    type: 'object',
    properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' }, n: { type: 'integer' } },
  },
});

test.each([
  ['a tie-breaker', ['at', 'n'], ['00Z', '01Z', '02Z']],
  ['a fraction', ['at'], ['00Z', '01Z', '02.5Z']],
  ['too few to tell', ['at'], ['00Z', '01Z']],
])('whole seconds are no trouble: %s', async (_, version, ends) => {
  const rows = ends.map((end, n) => ({ id: `a${n}`, at: `2026-11-01T10:00:${end}`, n }));
  expect(codes(await check(() => rows, wholeSeconds(version)))).toEqual([]);
});

const offset: Partial<StreamInput> = {
  records: 'data',
  pagination: { type: 'offset', limit: 3, limitAs: 'limit', total: 'total' },
};
const token: Partial<StreamInput> = { records: 'data', pagination: { type: 'token', token: 'next', as: 'cursor' } };
const keyset: Partial<StreamInput> = {
  records: 'data',
  pagination: { type: 'keyset', field: 'n', as: 'after' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, n: {} } },
};

describe('pages', () => {
  test('that follow each other are verified, and the end is not', async () => {
    const checked = await check((query) => ({ data: cut(ids(1, 20), query), total: 20 }), offset);
    expect(codes(checked)).toEqual([]);
    expect(about(checked.verified)).toEqual(['pagination', 'keys']);
    expect(about(checked.unverified)).toEqual(['end']);
    expect(checked).toMatchObject({ requests: 3, records: 9, pages: [{ records: 3 }, {}, {}] });
  });

  test('with an end behind them are verified as a whole', async () => {
    const pages = { data: ids(1, 2), next: 'x' };
    const checked = await check((query) => (query.has('cursor') ? { data: ids(3, 4), next: null } : pages), token);
    expect(about(checked.verified)).toEqual(['pagination', 'end', 'keys']);
    expect(about(checked.unverified)).toEqual([]);
  });

  test.each<[name: string, codes: string[], answers: Answers, change: Partial<StreamInput>]>([
    ['the same records again', ['error page-parameter-ignored'], () => ({ data: ids(1, 3), total: 9 }), offset],
    [
      'the same records in another order',
      ['error page-parameter-ignored'],
      (_, nth) => ({ data: nth === 1 ? ids(1, 3) : ids(1, 3).toReversed(), next: `t${nth}` }),
      token,
    ],
    [
      'the same records, where none has a key',
      ['warning page-parameter-ignored'],
      (_, nth) => ({ data: ids(1, 3), next: `t${nth}` }),
      { ...token, primaryKey: [], disposition: 'append' },
    ],
    [
      'the second page for ever',
      ['error pages-repeat'],
      (query, nth) => ({ data: query.has('cursor') ? ids(4, 6) : ids(1, 3), next: `t${nth}` }),
      token,
    ],
    [
      'a circle of two pages',
      ['error pages-repeat'],
      (_, nth) => ({ data: nth === 2 ? ids(4, 6) : ids(1, 3), next: `t${nth}` }),
      token,
    ],
    [
      'a refusal behind the last page, which nothing announces',
      ['error next-page-failed'],
      (query) => (query.get('offset') === '6' ? 404 : { data: cut(ids(1, 6), query) }),
      offset,
    ],
    [
      'some records again',
      ['warning pages-overlap'],
      (query) => ({ data: query.has('cursor') ? ids(3, 5) : ids(1, 3), next: query.has('cursor') ? null : 'x' }),
      token,
    ],
    [
      'nothing on the second page',
      ['warning next-page-empty'],
      (query) => ({ data: query.has('cursor') ? [] : ids(1, 3), next: query.has('cursor') ? null : 'x' }),
      token,
    ],
    [
      'a total that falls',
      ['warning total-changes'],
      (query, nth) => ({ data: cut(ids(1, 9), query), total: 10 - nth }),
      offset,
    ],
    [
      'a total that is capped',
      ['warning total-too-low'],
      (query) => ({ data: cut(ids(1, 9), query), total: 4 }),
      offset,
    ],
    [
      'a total that is never reached',
      ['error total-not-reached'],
      (query) => ({
        data: query.has('cursor') ? ids(3, 4) : ids(1, 2),
        next: query.has('cursor') ? null : 'x',
        total: 9,
      }),
      { records: 'data', pagination: { type: 'token', token: 'next', as: 'cursor', total: 'total' } },
    ],
    [
      'a refusal of the second page',
      ['error next-page-failed'],
      (query) => (query.has('cursor') ? 404 : { data: ids(1, 2), next: 'x' }),
      token,
    ],
    [
      'more, but no way to it',
      ['error listing-in-doubt'],
      () => ({ data: ids(1, 2), has_more: true }),
      { records: 'data', pagination: { type: 'token', token: 'next', as: 'cursor', hasMore: 'has_more' } },
    ],
    [
      'a next page that is itself',
      ['error listing-in-doubt'],
      (query) => ({ data: query.has('after') ? ids(3, 3) : ids(1, 2), next: '/orders?after=2' }),
      { records: 'data', pagination: { type: 'nextUrl', path: 'next' } },
    ],
    [
      'errors beside the records',
      ['error listing-in-doubt'],
      () => ({ data: ids(1, 2), errors: [{ message: 'x' }] }),
      { records: 'data' },
    ],
    ['a flag of more', ['error no-pagination'], () => ({ data: ids(1, 2), has_more: true }), { records: 'data' }],
    ['a total of more', ['error no-pagination'], () => ({ data: ids(1, 2), total: 3 }), { records: 'data' }],
    ['keys that come twice', ['warning keys-repeat'], () => [...ids(1, 2), ...ids(1, 1)], {}],
    [
      'a version of whole seconds',
      ['warning version-coarse'],
      () => ['00Z', '01Z', '02.000Z'].map((end, i) => ({ id: `a${i}`, at: `2026-11-01T10:00:${end}` })),
      wholeSeconds(['at']),
    ],
    ['no version', ['warning version-missing'], () => [{ id: 'a', v: 1 }, { id: 'b' }], { version: ['v'] }],
    [
      'a keyset out of order',
      ['warning order-broken'],
      (query) => ({
        data: query.has('after')
          ? []
          : [
              { id: 'a', n: 1 },
              { id: 'b', n: 3 },
              { id: 'c', n: 2 },
            ],
      }),
      keyset,
    ],
    [
      'a second page that lies before the first, against the order that was asked for',
      ['warning order-broken'],
      (query) =>
        query.has('cursor')
          ? { data: [{ id: 'c', v: 1 }], next: null }
          : {
              data: [
                { id: 'a', v: 5 },
                { id: 'b', v: 6 },
              ],
              next: 'x',
            },
      { ...token, query: { sort: 'v', order: 'asc' } },
    ],
  ])('%s', async (_, expected, answers, change) => {
    expect(codes(await check(answers, change))).toEqual(expected);
  });

  test('name the parameter that is ignored, and what the partner says instead', async () => {
    const { findings } = await check(() => ({ data: ids(1, 3), next_page: 'abc' }), offset);
    expect(findings.map(({ says }) => says)).toEqual([
      'page 2 has the very records of page 1: the partner does not know the parameter "offset", so only these 3 would come; the answer\'s field "next_page" announces another page',
    ]);
  });

  test.each<[name: string, answers: Answers, change: Partial<StreamInput>]>([
    ['the last page again, which was not full', () => ({ data: ids(1, 2) }), offset],
    ['nothing behind a page that was not full', (query) => ({ data: cut(ids(1, 2), query) }), offset],
    [
      'a refusal behind the stated end',
      (query) => (query.has('offset') && query.get('offset') !== '0' ? 404 : { data: ids(1, 3), total: 3 }),
      offset,
    ],
    [
      'an order that is kept',
      (query) => ({
        data: [
          { id: 'a', n: 1 },
          { id: 'b', n: 2 },
        ]
          .filter(({ n }) => n > Number(query.get('after') ?? 0))
          .slice(0, 1),
      }),
      keyset,
    ],
    [
      'a listing that is all',
      () => ({ data: ids(1, 2), has_more: true }),
      { records: 'data', pagination: { type: 'none', all: true } },
    ],
  ])('are believed: %s', async (_, answers, change) => {
    expect(codes(await check(answers, change))).toEqual([]);
  });
});

describe('what was not seen is said', () => {
  test('one page', async () => {
    const { unverified } = await check(() => ({ data: ids(1, 2), next: null }), token);
    expect(unverified).toEqual([
      { about: 'pagination', says: 'there is only one page, so the check could not see how pages follow each other' },
    ]);
  });

  test('no record', async () => {
    const { unverified, verified } = await check(() => [], {});
    expect(unverified).toEqual([{ about: 'records', says: expect.stringMatching(/^no records came/) }]);
    expect(verified).toEqual([]);
  });

  test('a second page for which there is no permit, which is asked for no sooner', async () => {
    const limits = { rate: 1, per: '1h' };
    const checked = await check((query) => ({ data: cut(ids(1, 9), query) }), offset, { limits });
    expect(codes(checked)).toEqual([]);
    expect(checked.unverified).toContainEqual({
      about: 'pagination',
      says: expect.stringMatching(/^page 2 failed: no permit within 10s \(rate\); check again in (60m|1h)$/),
    });
    expect(asked).toHaveLength(1);
  });

  test('a second page that the partner has no time for', async () => {
    const checked = await check((query) => (query.has('cursor') ? 503 : { data: ids(1, 2), next: 'x' }), token);
    expect(codes(checked)).toEqual([]);
    expect(about(checked.unverified)).toEqual(['pagination']);
  });
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

test('every code is in docs/checking.md, and no other', () => {
  const text = readFileSync(new URL('../../../docs/checking.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| `([a-z-]+)` +\| (?:error|warning)/gm)].map(([, code]) => code);
  expect(new Set(told)).toEqual(new Set(findingCodes));
});
