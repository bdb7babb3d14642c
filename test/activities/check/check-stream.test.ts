import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { findingCodes } from '../../../activities/check/findings.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import { about, asked, check, codes, cut, ids, wholeSeconds, type Answers } from './checked-answers.ts';

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
      says: expect.stringMatching(/^page 2 failed: no permit within 10s \(rate\); check again in 1h$/),
    });
    expect(asked).toHaveLength(1);
  });

  test('a second page that the partner has no time for', async () => {
    const checked = await check((query) => (query.has('cursor') ? 503 : { data: ids(1, 2), next: 'x' }), token);
    expect(codes(checked)).toEqual([]);
    expect(about(checked.unverified)).toEqual(['pagination']);
  });
});

test('every code is in docs/checking.md, and no other', () => {
  const text = readFileSync(new URL('../../../docs/checking.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| `([a-z-]+)` +\| (?:error|warning)/gm)].map(([, code]) => code);
  expect(new Set(told)).toEqual(new Set(findingCodes));
});
