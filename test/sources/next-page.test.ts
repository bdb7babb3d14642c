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
    [
      'errors beside the data',
      { type: 'none' },
      { body: { data: [], errors: [{}, {}] } },
      /has 2 errors beside its data/,
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
    ['a token that repeats', token, { body: { meta: { next: 'abc' } }, cursor: 'abc' }],
    ['a token that is an object', token, { body: { meta: { next: {} } } }],
    ['more without a token', token, { body: { more: true } }],
    ['a hasMore that is neither', token, { body: { more: 'perhaps' } }],
    ['more without a URL', byUrl, { body: { more: true } }],
    ['a next URL that is a number', byUrl, { body: { next: 9 } }],
    ['a next URL that repeats', byUrl, { body: { next: `${url}?after=9` }, cursor: `${url}?after=9` }],
    ['the URL that was asked', byUrl, { body: { next: url } }],
    ['another host', byUrl, { body: { next: 'https://evil.example/v2/orders' } }],
    ['another port', link, { headers: { link: '<http://api.acme.example:81/v2/orders?p=2>; rel=next' } }],
    ['a broken Link', link, { headers: { link: 'next: page 2' } }],
    ['more after an empty page', offset, { records: [], body: { more: true } }],
    ['more after an empty numbered page', page, { records: [], body: { more: true } }],
    ['more after an empty keyset page', keyset, { records: [], body: { more: true } }],
    ['a key that repeats', keyset, { records: [{ id: 5 }], cursor: '5' }],
    ['a record without the key', keyset, { records: [{ name: 'x' }] }],
    ['a cursor of another kind', offset, { cursor: 'abc' }],
    ['a function that repeats', { type: 'function', as: 'c', next: constant('z') }, { cursor: 'z' }],
  ] as const)('%s is an error, neither an end nor a loop', (_, kind, received) => {
    expect(() => next(kind, received as Partial<ReceivedPage>)).toThrow(GiveUp);
  });

  test.each([
    [byUrl, { body: { next: 'http://api.acme.example/v2/orders?p=2' } }],
    [link, { headers: { link: '<http://api.acme.example:80/v2/orders?p=2>; rel=next' } }],
  ] as const)('a next URL that has lost its TLS at a balancer is followed over https: %j', (kind, received) => {
    expect(next(kind, received as Partial<ReceivedPage>).cursor).toBe('https://api.acme.example/v2/orders?p=2');
  });

  test('an API key in a next URL does not get into the cursor', () => {
    const auth = { type: 'apiKey', in: 'query', name: 'api_key', key: 'canary-key' } as const;
    const body = { next: '?api_key=canary-key&after=9' };
    expect(next(byUrl, { body, auth }).cursor).toBe(`${url}?after=9`);
    expect(() => next(byUrl, { body: { next: '?api_key=canary-key' }, auth })).toThrow('in circles');
  });

  test('what a pagination function throws does not reach the message', () => {
    expect(() => next({ type: 'function', as: 'c', next: fail })).toThrow(
      /^the pagination function threw a SyntaxError$/,
    );
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
