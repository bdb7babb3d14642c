import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { GiveUp } from '../../core/errors.ts';
import type { NextPage } from '../../core/page.ts';
import { buildRequest } from '../../sources/declared/build-request.ts';
import { nextPage } from '../../sources/declared/next-page.ts';
import type { ReceivedPage } from '../../sources/declared/next-page.ts';
import { pagination, type Pagination } from '../../definitions/definition.ts';
import { define, start } from '../http/support/definitions.ts';

const url = 'https://api.acme.example/v2/orders';

function next(input: unknown, page: Partial<ReceivedPage> & { cursor?: string | null } = {}): NextPage {
  const { cursor = null, ...rest } = page;
  return nextPage({
    pagination: pagination.parse(input),
    body: {},
    headers: {},
    records: [{ id: 1 }],
    position: { ...start, cursor },
    url,
    auth: { type: 'none' },
    ...rest,
  });
}

const token = { type: 'token', token: 'meta.next', as: 'cursor', hasMore: 'more' };
const headerToken = { type: 'token', from: 'header', token: 'X-Next', as: 'cursor' };
const byUrl = { type: 'nextUrl', path: 'next', hasMore: 'more' };
const link = { type: 'link' };
const offset = { type: 'offset', limit: 100, total: 'total', hasMore: 'more' };
const page = { type: 'page', size: 100, total: 'total', totalPages: 'pages', hasMore: 'more' };
const keyset = { type: 'keyset', field: 'id', as: 'after', hasMore: 'more' };
const records = (count: number): unknown[] => Array.from({ length: count }, (_, i) => ({ id: i }));

const fail = (): never => {
  throw new SyntaxError('Unexpected token in canary-record');
};
const constant = (cursor: string | null) => (): string | null => cursor;

const saying = (page: Partial<ReceivedPage>, said: object): Partial<ReceivedPage> => ({
  ...page,
  body: { ...(page.body as object), ...said },
});

describe('nextPage', () => {
  test.each([
    ['none', { type: 'none' }, {}, null],
    ['a token', token, { body: { meta: { next: 'abc' } } }, 'abc'],
    ['a number as token', token, { body: { meta: { next: 7 } } }, '7'],
    ['no token', token, { body: { meta: {} } }, null],
    ['a null token', token, { body: { meta: { next: null } } }, null],
    ['an empty token', token, { body: { meta: { next: '' } } }, null],
    ['a token after the end', token, { body: { meta: { next: 'abc' }, more: false } }, null],
    ['a token in a header', headerToken, { headers: { 'x-next': 'abc' } }, 'abc'],
    ['no token in the headers', headerToken, {}, null],
    ['a relative next URL', byUrl, { body: { next: '?after=9' } }, `${url}?after=9`],
    ['an absolute next URL', byUrl, { body: { next: `${url}?after=9#x` } }, `${url}?after=9`],
    ['no next URL', byUrl, { body: {} }, null],
    ['a next URL after the end', byUrl, { body: { next: '?after=9', more: false } }, null],
    [
      'a name with dots',
      { type: 'nextUrl', path: '@odata.nextLink' },
      { body: { '@odata.nextLink': '?s=1' } },
      `${url}?s=1`,
    ],
    ['a Link header', link, { headers: { link: '</v2/orders?p=2>; rel="next", <?p=9>; rel="last"' } }, `${url}?p=2`],
    ['several relations', link, { headers: { link: `<${url}?p=2>; rel="last next"` } }, `${url}?p=2`],
    ['a Link without next', link, { headers: { link: '<?p=1>; rel="prev"' } }, null],
    ['no Link', link, {}, null],
    ['a short page', offset, { records: records(40), cursor: '200' }, '240'],
    ['the total reached', offset, { records: records(40), cursor: '200', body: { total: 240 } }, '240'],
    ['an unknown total', offset, { records: records(40), body: { total: -1 } }, '40'],
    ['an empty page', offset, { records: [], cursor: '240' }, null],
    [
      'more, against the total',
      offset,
      { records: records(40), cursor: '200', body: { total: 240, more: true } },
      '240',
    ],
    ['stopOnShort', { ...offset, stopOnShort: true }, { records: records(99) }, null],
    ['stopOnShort with a full page', { ...offset, stopOnShort: true }, { records: records(100) }, '100'],
    ['pages', page, { records: records(100) }, '2:100'],
    ['pages capped by the partner', page, { records: records(50), cursor: '2:50', body: { total: 150 } }, '3:100'],
    ['the total over pages', page, { records: records(50), cursor: '3:100', body: { total: 150 } }, '4:150'],
    ['the last of the pages, full', page, { records: records(100), cursor: '3:200', body: { pages: 3 } }, '4:300'],
    ['the last of the pages', page, { records: records(99), cursor: '3:200', body: { pages: 3 } }, null],
    ['pages from 0', { ...page, first: 0 }, { records: records(100), cursor: '1:100', body: { pages: 3 } }, '2:200'],
    ['an empty page number', page, { records: [], cursor: '3:200' }, null],
    ['keyset', keyset, { records: [{ id: 1 }, { id: 'o_2' }] }, 'o_2'],
    ['keyset at the end', keyset, { records: [{ id: 1 }], body: { more: false } }, null],
    ['keyset with an empty page', keyset, { records: [] }, null],
    ['a function', { type: 'function', as: 'c', next: constant('z') }, {}, 'z'],
    ['a function at the end', { type: 'function', as: 'c', next: constant(null) }, {}, null],
  ] as const)('%s: the next cursor is right', (_, kind, received, cursor) => {
    expect(next(kind, received as Partial<ReceivedPage>).cursor).toBe(cursor);
  });

  test.each([
    ['the total', offset, { records: records(40), cursor: '200', body: { total: 240 } }, true],
    ['the total as text', offset, { records: records(40), cursor: '200', body: { total: '240' } }, true],
    ['less than the total', offset, { records: records(39), cursor: '200', body: { total: 240 } }, false],
    ['the total over pages', page, { records: records(50), cursor: '3:100', body: { total: 150 } }, true],
    ['the number of pages', page, { records: records(100), cursor: '3:200', body: { pages: 3 } }, true],
    ['less than the number of pages', page, { records: records(100), cursor: '3:200', body: { pages: 4 } }, false],
  ] as const)('%s is reached: the next page lies behind it', (_, kind, received, beyond) => {
    expect(next(kind, received as Partial<ReceivedPage>)).toMatchObject({ cursor: expect.any(String), beyond });
  });

  test.each([
    [
      'a token elsewhere',
      { ...token, hasMore: undefined },
      { body: { next_token: 'x' } },
      /"next_token" announces another page, but the token at meta\.next is not there/,
    ],
    [
      'a URL elsewhere',
      { ...byUrl, hasMore: undefined },
      { body: { paging: { next: '/x' } } },
      /"next" announces another page, but the URL at next is not there/,
    ],
    [
      'a Link beside a token',
      { ...token, hasMore: undefined },
      { headers: { link: '<?p=2>; rel="next"' } },
      /the Link header names a next page/,
    ],
    ['no pagination', { type: 'none' }, { body: { has_more: true } }, /"has_more" announces .* has no pagination/],
    ['a short page', { ...page, stopOnShort: true }, { body: { next: 'x' } }, /ended at a page that is not full/],
    [
      'a function',
      { type: 'function', as: 'c', next: constant(null) },
      { body: { next: 'x' } },
      /the function found no/,
    ],
  ] as const)('%s makes an end doubtful', (_, kind, received, doubt) => {
    expect(next(kind as Pagination, { records: records(2), ...received })).toMatchObject({
      cursor: null,
      doubt: expect.stringMatching(doubt),
    });
  });

  test.each([
    ['nothing is announced', token, { body: { meta: { next: null }, next: '' } }],
    ['the partner says that there is no more', token, { body: { more: false, next_token: 'x' } }],
    ['the page is empty', { ...token, hasMore: undefined }, { records: [], body: { next_token: 'x' } }],
  ] as const)('an end is believed when %s', (_, kind, received) => {
    expect(next(kind as Pagination, { records: records(2), ...received }).doubt).toBeUndefined();
  });

  test.each([
    ['token', token],
    ['nextUrl', byUrl],
    ['link', link],
    ['keyset', keyset],
  ] as const)('%s reads the total that is declared', (_, kind) => {
    expect(next({ ...kind, total: 'count' }, { body: { count: 7 }, records: [] }).total).toBe(7);
  });

  test.each([
    ['a token that repeats', token, { body: { meta: { next: 'abc' } }, cursor: 'abc' }, /same page again/],
    ['a token that is an object', token, { body: { meta: { next: { a: 1 } } } }, /neither text nor a number/],
    ['more without a token', token, { body: { more: true } }, /meta\.next does not name it/],
    ['more without a URL', byUrl, { body: { more: true } }, /next does not name it/],
    ['more without a link', { ...link, hasMore: 'more' }, { body: { more: true } }, /no link with rel="next" names it/],
    ['a next URL that is a number', byUrl, { body: { next: 9 } }, /not text/],
    ['a next URL that repeats', byUrl, { body: { next: `${url}?after=9` }, cursor: `${url}?after=9` }, /same page/],
    ['the URL that was asked', byUrl, { body: { next: url } }, /same page again/],
    ['another host', byUrl, { body: { next: 'https://evil.example/v2/orders' } }, /evil\.example, not on/],
    ['another port', link, { headers: { link: '<http://api.acme.example:81/v2/orders?p=2>; rel=next' } }, /not on/],
    ['a broken Link', link, { headers: { link: 'next: page 2' } }, /cannot be read/],
    ['more after an empty page', offset, { records: [], body: { more: true } }, /this one is empty/],
    ['more after an empty keyset page', keyset, { records: [], body: { more: true } }, /this one is empty/],
    ['a key that repeats', keyset, { records: [{ id: 5 }], cursor: '5' }, /same page again/],
    ['a record without the key', keyset, { records: [{ name: 'x' }] }, /has no id/],
    ['a function that repeats', { type: 'function', as: 'c', next: constant('z') }, { cursor: 'z' }, /same page/],
    [
      'a function that throws',
      { type: 'function', as: 'c', next: fail },
      {},
      /^the pagination function threw a SyntaxE/,
    ],
  ] as const)('%s ends the partition in doubt, and keeps the page', (_, kind, received, doubt) => {
    expect(next(kind, received as Partial<ReceivedPage>)).toEqual({
      cursor: null,
      total: null,
      doubt: expect.stringMatching(doubt),
    });
  });

  test.each([
    ['a hasMore that is neither', token, { body: { more: 'perhaps' } }],
    ['an isLast that is neither', { ...token, isLast: 'last' }, { body: { last: 7 } }],
    ['a value that was not declared', { ...offset, hasMore: { path: 'm', yes: 'Y', no: 'N' } }, { body: { m: 'n' } }],
    ['a cursor of another kind', offset, { cursor: 'abc' }],
  ] as const)('%s is an error, neither an end nor a loop', (_, kind, received) => {
    expect(() => next(kind, received as Partial<ReceivedPage>)).toThrow(GiveUp);
  });

  test.each([
    [byUrl, { body: { next: 'http://api.acme.example/v2/orders?p=2' } }],
    [link, { headers: { link: '<http://api.acme.example:80/v2/orders?p=2>; rel=next' } }],
  ] as const)('a next URL that has lost its TLS at a balancer is followed over https: %j', (kind, received) => {
    expect(next(kind, received as Partial<ReceivedPage>).cursor).toBe('https://api.acme.example/v2/orders?p=2');
  });

  const flagged = { isLast: 'meta.end_of_stream' };
  const kinds: [string, object, Partial<ReceivedPage>][] = [
    ['token', { type: 'token', token: 'next', as: 'cursor' }, { body: { next: 'abc' } }],
    ['nextUrl', { type: 'nextUrl', path: 'next' }, { body: { next: '?after=9' } }],
    ['link', link, { headers: { link: '<?p=2>; rel="next"' } }],
    ['offset', { type: 'offset', limit: 1 }, {}],
    ['page', { type: 'page', size: 1 }, {}],
    ['keyset', { type: 'keyset', field: 'id', as: 'after' }, {}],
  ];
  test.each(kinds)('%s: the last page says so, though it names another one', (_, kind, page) => {
    const last = (value: unknown): NextPage =>
      next({ ...kind, ...flagged }, saying(page, { meta: { end_of_stream: value } }));
    for (const yes of [true, 'true', 1]) expect(last(yes)).toMatchObject({ cursor: null });
    for (const yes of [true, 'true', 1]) expect(last(yes).doubt).toBeUndefined();
    for (const no of [false, 'false', 0, null, undefined])
      expect(last(no)).toMatchObject({ cursor: expect.any(String) });
  });

  test.each(kinds)('%s: what stands for yes and no is declared', (_, kind, page) => {
    const flags = { isLast: { path: 'last', yes: ['Y', 'J'], no: 'N' }, hasMore: { path: 'more', yes: 1, no: 2 } };
    const of = (said: object): string | null => next({ ...kind, ...flags }, saying(page, said)).cursor;
    expect([of({ last: 'Y' }), of({ last: 'J' }), of({ more: 2 })]).toEqual([null, null, null]);
    expect([of({ last: 'N' }), of({ more: 1 }), of({})]).not.toContain(null);
  });

  test('of two flags that contradict each other, the one that says "more" is followed', () => {
    const body = { next: 'abc', more: true, last: true };
    expect(next({ ...token, token: 'next', isLast: 'last' }, { body }).cursor).toBe('abc');
    expect(next({ ...token, token: 'next', isLast: 'last' }, { body: { more: true, last: true } }).doubt).toBeDefined();
  });

  test.each([0, false, '', ' ', '0', 'false', 'null', 'None', {}, []])(
    '%j as the next page is none, for all',
    (none) => {
      const ended = { cursor: null, total: null };
      const body = { meta: { next: none }, next: none };
      expect(next({ ...token, hasMore: undefined }, { body })).toEqual(ended);
      expect(next({ ...byUrl, hasMore: undefined }, { body })).toEqual(ended);
      expect(next({ type: 'none' }, { body })).toEqual(ended);
      expect(next({ type: 'function', as: 'c', next: () => none as never }, { body })).toEqual(ended);
    },
  );

  test.each(['0', '', 'null'])('a header of %j names none', (none) => {
    expect(next(headerToken, { headers: { 'x-next': none } })).toEqual({ cursor: null, total: null });
  });

  test('further values that mean "none" are declared', () => {
    const kind = { type: 'token', token: 'next', as: 'cursor', none: [-1, 'END'] };
    for (const none of [-1, 'END']) expect(next(kind, { body: { next: none } })).toEqual({ cursor: null, total: null });
    expect(next(kind, { body: { next: 'END2' } }).cursor).toBe('END2');
    expect(next({ ...byUrl, none: '#' }, { body: { next: '#' } })).toEqual({ cursor: null, total: null });
  });

  test('a key of 0 is a key', () => {
    expect(next({ type: 'keyset', field: 'id', as: 'after' }, { records: [{ id: 0 }] }).cursor).toBe('0');
  });

  test.each([{ more: true }, { pages: 5 }])('numbers lead past an empty page, in doubt: %j', (body) => {
    const empty = { records: [], cursor: '3:200', body };
    expect(next(page, empty)).toEqual({
      cursor: '4:200',
      total: null,
      beyond: false,
      doubt: 'page 3 is empty, but the partner says that others follow',
    });
    expect(next({ ...page, emptyPages: 10 }, empty)).toEqual({ cursor: '4:200', total: null, beyond: false });
  });

  test.each<[string, Partial<ReceivedPage>]>([
    ['a record count', { body: { total: 7 } }],
    ['a record count as text', { body: { meta: { total_count: '7' } } }],
    ['a count of OData', { body: { '@odata.count': 7 } }],
    ['pages', { body: { pagination: { total_pages: 2 } } }],
    ['a header', { headers: { 'x-total-count': '7' } }],
    ['a header of pages', { headers: { 'x-wp-totalpages': '3' } }],
  ])('%s beyond what came makes a single answer doubtful', (_, received) => {
    expect(next({ type: 'none' }, received).doubt).toMatch(/states more than came/);
    expect(next({ type: 'none', all: true }, received).doubt).toBeUndefined();
    expect(
      next({ type: 'none' }, { ...received, records: records(8), body: { total: 8 }, headers: {} }).doubt,
    ).toBeUndefined();
  });

  test.each<[string, Partial<ReceivedPage>]>([
    ['GraphQL', { body: { data: { orders: { nodes: [], pageInfo: { hasNextPage: true } } } } }],
    ['Slack', { body: { response_metadata: { next_cursor: 'dXNl' } } }],
    ['Salesforce', { body: { done: false } }],
    ['Spring', { body: { page: { last: false } } }],
    ['HAL', { body: { _links: { next: { href: '/x' } } } }],
    ['OData 2', { body: { d: { __next: '/x' } } }],
    ['HubSpot', { body: { paging: { next: { after: '9' } } } }],
    ['GitLab', { headers: { 'x-next-page': '2' } }],
    ['a next link of something else', { headers: { link: '<?p=2>; rel="next"; anchor="/other"' } }],
  ])('the sign of more of %s is seen', (_, received) => {
    expect(next({ type: 'none' }, received).doubt).toMatch(/another page|a next page/);
  });

  test('an API key in a next URL does not get into the cursor', () => {
    const auth = { type: 'apiKey', in: 'query', name: 'api_key', key: 'canary-key' } as const;
    const body = { next: '?api_key=canary-key&after=9' };
    expect(next(byUrl, { body, auth }).cursor).toBe(`${url}?after=9`);
    expect(next(byUrl, { body: { next: '?api_key=canary-key' }, auth }).doubt).toMatch('in circles');
  });

  test.each([offset, page])('the declared total is passed on: %j', (kind) => {
    expect(next(kind, { body: { total: 240 } }).total).toBe(240);
  });

  test.each(['offset', 'page'] as const)('%s reads every record once, whatever the partner caps', (type) => {
    const arbitrary = fc.record({
      all: fc.nat(60),
      size: fc.integer({ min: 1, max: 20 }),
      cap: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(arbitrary, fc.boolean(), ({ all, size, cap }, declaresTotal) => {
        const kind = type === 'offset' ? { type, limit: size } : { type, size };
        const definition = define({ pagination: { ...kind, ...(declaresTotal ? { total: 'total' } : {}) } });
        const given = Math.min(size, cap);
        const seen: number[] = [];
        let cursor: string | null = null;
        do {
          const request = buildRequest({ ...definition, position: { ...start, cursor } });
          const asked = Number(new URL(request.url).searchParams.get(type));
          const from = type === 'offset' ? asked : (asked - 1) * given;
          const numbers = Array.from({ length: Math.max(0, Math.min(given, all - from)) }, (_, i) => from + i);
          seen.push(...numbers);
          const pageOf = { body: { total: all }, headers: {}, records: numbers, auth: { type: 'none' } as const };
          cursor = nextPage({
            pagination: definition.stream.pagination,
            position: { ...start, cursor },
            url: request.url,
            ...pageOf,
          }).cursor;
        } while (cursor !== null);
        expect(seen).toEqual(Array.from({ length: all }, (_, i) => i));
      }),
    );
  });
});
