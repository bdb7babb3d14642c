import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { buildRequest } from '../../sources/declared/build-request.ts';
import { GiveUp } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { define, start } from '../http/support/definitions.ts';

function build(
  stream: Partial<StreamInput>,
  position: Partial<Position> = {},
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
) {
  return buildRequest({ ...define(stream, rest), position: { ...start, ...position } });
}
const urlOf = (...args: Parameters<typeof build>): string => build(...args).url;

describe('buildRequest', () => {
  test.each([
    ['https://api.acme.example/v2', '/orders', 'https://api.acme.example/v2/orders'],
    ['https://api.acme.example/v2/', 'orders', 'https://api.acme.example/v2/orders'],
    ['https://api.acme.example', '/orders?kind=a', 'https://api.acme.example/orders?kind=a'],
    ['https://api.acme.example/v2?tenant=7', '/orders', 'https://api.acme.example/v2/orders?tenant=7'],
  ])('%s and %s make %s', (baseUrl, path, url) => {
    expect(urlOf({ path }, {}, { baseUrl })).toBe(url);
  });

  test.each([
    ['nothing counts requests', {}, '200'],
    ['there is a rate', { rate: 5 }, '500'],
    ['there is a window', { windows: [{ name: 'w', limit: 5, per: '10s' }] }, '500'],
    ['there is a quota', { quotas: [{ name: 'daily', limit: 500, per: 'day' }] }, '500'],
    ['only requests at once are counted', { concurrency: 2 }, '200'],
  ])('asks for pages of a size that fits the limits: %s', (_what, limits, size) => {
    const url = urlOf({ pageSize: { as: 'limit', max: 500, usual: 200 } }, {}, { limits });
    expect(new URL(url).searchParams.get('limit')).toBe(size);
  });

  test('never asks for a page larger than the partner gives', () => {
    expect(new URL(urlOf({ pageSize: { as: 'limit', max: 50 } })).searchParams.get('limit')).toBe('50');
  });

  test('static query, headers and body go out; a header of the stream wins over one of the partner', () => {
    const request = build(
      { method: 'POST', query: { active: true, n: 5 }, headers: { 'X-Version': '2' }, body: { q: 'all' } },
      {},
      { headers: { 'x-version': '1', 'X-Tenant': 't' } },
    );
    expect(request).toEqual({
      method: 'POST',
      url: 'https://api.acme.example/v2/orders?active=true&n=5',
      headers: { accept: 'application/json', 'content-type': 'application/json', 'x-version': '2', 'x-tenant': 't' },
      body: '{"q":"all"}',
    });
  });

  test.each([
    ['offset', { type: 'offset', limit: 50, limitAs: 'limit' }, null, '?offset=0&limit=50'],
    ['offset', { type: 'offset', limit: 50 }, '37', '?offset=37'],
    ['page', { type: 'page', size: 20, sizeAs: 'per_page' }, null, '?page=1&per_page=20'],
    ['page', { type: 'page', size: 20 }, '4:60', '?page=4'],
    ['page', { type: 'page', size: 20, first: 0 }, null, '?page=0'],
    ['token', { type: 'token', token: 'next', as: 'cursor' }, null, ''],
    ['token', { type: 'token', token: 'next', as: 'cursor' }, 'a b&c', '?cursor=a+b%26c'],
    ['token', { type: 'token', token: 'next', as: 'cursor', first: '*' }, null, '?cursor=*'],
    ['token', { type: 'token', token: 'next', as: 'cursor', first: '*' }, 'AoE', '?cursor=AoE'],
    ['keyset', { type: 'keyset', field: 'id', as: 'after' }, 'o_9', '?after=o_9'],
    ['keyset', { type: 'keyset', field: 'id', as: 'after', first: 0 }, null, '?after=0'],
    ['keyset', { type: 'keyset', field: 'id', as: 'after', first: 0 }, '17', '?after=17'],
    ['none', { type: 'none' }, null, ''],
  ] as const)('pagination by %s %j at cursor %s asks %s', (_, pagination, cursor, query) => {
    expect(urlOf({ pagination }, { cursor })).toBe(`https://api.acme.example/v2/orders${query}`);
  });

  test('pagination in the body keeps numbers as numbers and fills nested names', () => {
    const pagination = { type: 'offset', limit: 10, as: 'page.offset', limitAs: 'page.limit', in: 'body' } as const;
    const request = build({ method: 'POST', body: { page: { sort: 'id' } }, pagination }, { cursor: '30' });
    expect(JSON.parse(request.body ?? '')).toEqual({ page: { sort: 'id', offset: 30, limit: 10 } });
  });

  test.each(['nextUrl', 'link'] as const)('a %s cursor is the URL itself, absolute or relative', (type) => {
    const pagination = type === 'link' ? { type } : { type, path: 'next' };
    const query = { limit: 5 };
    const at = (cursor: string): string => urlOf({ pagination, query }, { cursor });
    expect(at('https://api.acme.example/v2/orders?after=9')).toBe('https://api.acme.example/v2/orders?after=9');
    expect(at('/v2/orders?after=9')).toBe('https://api.acme.example/v2/orders?after=9');
  });

  test('a cursor that was stored with http: is asked over https', () => {
    const pagination = { type: 'link' } as const;
    expect(urlOf({ pagination }, { cursor: 'http://api.acme.example/orders?p=2' })).toBe(
      'https://api.acme.example/orders?p=2',
    );
  });

  test.each(['https://evil.example/orders', 'http://api.acme.example:81/orders', '//evil.example/', 'data:,x'])(
    'refuses to follow a cursor to %s',
    (cursor) => {
      expect(() => build({ pagination: { type: 'link' } }, { cursor })).toThrow(GiveUp);
    },
  );

  test('parents fill the path, each escaped, joined when batched', () => {
    const parent = { stream: 'customers', field: 'id', as: 'id', batch: 2 };
    expect(urlOf({ path: '/c/{id}/orders', parent }, { parents: ['a/b', 'ü'] })).toBe(
      'https://api.acme.example/v2/c/a%2Fb,%C3%BC/orders',
    );
  });

  test.each(['..', '.', ''])('a parent value %j cannot climb to another endpoint', (value) => {
    const parent = { stream: 'customers', field: 'id', as: 'id' };
    expect(() => build({ path: '/c/{id}', parent }, { parents: [value] })).toThrow(GiveUp);
  });

  test.each([
    ['query', { url: 'https://api.acme.example/v2/orders?ids=1%7C2' }],
    ['header', { headers: { accept: 'application/json', ids: '1|2' } }],
    ['body', { body: '{"ids":"1|2"}' }],
  ] as const)('parents go into the %s', (place, expected) => {
    const parent = { stream: 'customers', field: 'id', as: 'ids', in: place, separator: '|' };
    expect(build({ parent }, { parents: ['1', '2'] })).toMatchObject(expected);
  });

  test('a header cannot be split by what a parent holds', () => {
    const parent = { stream: 'customers', field: 'id', as: 'x-id', in: 'header' as const };
    expect(() => build({ parent }, { parents: ['1\r\nx-admin: 1'] })).toThrow(GiveUp);
  });

  test('a placeholder that nothing fills, and a missing parent, are errors', () => {
    expect(() => build({ path: '/c/{id}' })).toThrow('{id} has no value');
    const parent = { stream: 'customers', field: 'id', as: 'id' };
    expect(() => build({ path: '/c/{id}', parent })).toThrow('at least one');
  });

  test('the range goes out in the formats of its bounds, an exclusive start one step earlier', () => {
    const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T10:00:00.500Z' };
    const incremental = {
      field: 'updated_at',
      start: { as: 'since' },
      end: { as: 'until', format: 'epochSeconds' as const },
      startInclusive: false,
    };
    const { searchParams } = new URL(urlOf({ incremental }, { range }));
    expect(Object.fromEntries(searchParams)).toEqual({ since: '2025-12-31T23:59:59.999Z', until: '1767261601' });
  });

  test('any text survives the way into query and body', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (cursor) => {
        const token = { type: 'token', token: 'next', as: 'c' } as const;
        expect(new URL(urlOf({ pagination: token }, { cursor })).searchParams.get('c')).toBe(cursor);
        const { body } = build({ method: 'POST', pagination: { ...token, in: 'body' } }, { cursor });
        expect(JSON.parse(body ?? '')).toEqual({ c: cursor });
      }),
    );
  });

  test('any parent value stays one segment of the path', () => {
    const parent = { stream: 'customers', field: 'id', as: 'id' };
    const values = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value !== '.' && value !== '..');
    fc.assert(
      fc.property(values, (value) => {
        const { pathname } = new URL(urlOf({ path: '/c/{id}/orders', parent }, { parents: [value] }));
        expect(pathname.split('/').map(decodeURIComponent)).toEqual(['', 'v2', 'c', value, 'orders']);
      }),
    );
  });
});
