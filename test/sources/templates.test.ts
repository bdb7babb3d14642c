import { describe, expect, test } from '@jest/globals';
import { GiveUp } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import { writeParent } from '../../core/parent-values.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { buildRequest } from '../../sources/declared/build-request.ts';
import { define, start } from '../http/support/definitions.ts';

function build(
  stream: Partial<StreamInput>,
  position: Partial<Position> = {},
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
) {
  return buildRequest({ ...define(stream, rest), position: { ...start, ...position } });
}
const bodyOf = (...args: Parameters<typeof build>): unknown => JSON.parse(build(...args).body ?? 'null');
const queryOf = (...args: Parameters<typeof build>): string[][] => [...new URL(build(...args).url).searchParams];

const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
const token = { type: 'token', token: 'next' } as const;
/** The query of a text, for a page with a cursor or the first one. */
const at = (text: string, cursor: string | null = null): string[][] =>
  queryOf({ query: { q: text }, pagination: token }, { cursor });

const incremental = { field: 'updated_at' };

describe('placeholders', () => {
  test('are filled in path, query, headers and body, and in the headers of the partner', () => {
    const request = build(
      {
        path: '/from/{start:date}/orders?until={end:date}',
        query: { since: 'gte:{start:epochSeconds}' },
        headers: { 'X-Until': '{end}' },
        method: 'POST',
        body: { range: { from: '{start}', to: '{end:epochMs}' }, note: 'since {start:date}' },
        incremental,
      },
      { range },
      { headers: { 'X-Since': '{start:isoSeconds}' } },
    );
    expect(request.url).toBe(
      'https://api.acme.example/v2/from/2026-01-01/orders?until=2026-02-01&since=gte%3A1767225600',
    );
    expect(request.headers).toMatchObject({ 'x-until': '2026-02-01T00:00:00.000Z', 'x-since': '2026-01-01T00:00:00Z' });
    expect(JSON.parse(request.body ?? '')).toEqual({
      range: { from: '2026-01-01T00:00:00.000Z', to: 1_769_904_000_000 },
      note: 'since 2026-01-01',
    });
  });

  test('an exclusive start is one step earlier, in the format of incremental where the placeholder names none', () => {
    const bounds = { field: 'at', startInclusive: false, start: { as: 'since', format: 'epochMs' } } as const;
    expect(queryOf({ query: { f: '>{start}' }, incremental: bounds }, { range })).toEqual([
      ['f', '>1767225599999'],
      ['since', '1767225599999'],
    ]);
  });

  test('that are a whole value of JSON keep their type; in a text they are text', () => {
    const body = { limit: '{limit}', text: '{limit} records', quoted: '{limit|raw}', items: ['{limit}'] };
    expect(bodyOf({ method: 'POST', body, pageSize: { max: 50 } })).toEqual({
      limit: 50,
      text: '50 records',
      quoted: '50',
      items: [50],
    });
  });

  test('lists of a body stay lists', () => {
    const body = {
      filterGroups: [{ filters: [{ propertyName: 'updated', operator: 'GTE', value: '{start:epochMs}' }] }],
    };
    expect(bodyOf({ method: 'POST', body, incremental }, { range })).toEqual({
      filterGroups: [{ filters: [{ propertyName: 'updated', operator: 'GTE', value: 1_767_225_600_000 }] }],
    });
  });

  test('a parameter may go into the lists of a body', () => {
    const body = { filterGroups: [{ filters: [{ propertyName: 'updated', value: '0' }] }], after: 0 };
    const into = {
      field: 'at',
      start: { as: 'filterGroups.0.filters.0.value', in: 'body', format: 'epochMs' },
    } as const;
    expect(bodyOf({ method: 'POST', body, incremental: into }, { range })).toEqual({
      filterGroups: [{ filters: [{ propertyName: 'updated', value: 1_767_225_600_000 }] }],
      after: 0,
    });
  });

  test('without a value leave out the member, item, parameter or header that they are', () => {
    const stream: Partial<StreamInput> = {
      method: 'POST',
      pagination: token,
      query: { after: '{cursor}', list: ['a', '{cursor}'] },
      headers: { 'x-after': '{cursor}' },
      body: { after: '{cursor}', at: ['{cursor}', 1], part: '{?after {cursor}}', json: '{"after":{cursor|json}}' },
    };
    const first = build(stream);
    expect(first.url).toBe('https://api.acme.example/v2/orders?list=a');
    expect(first.headers).not.toHaveProperty('x-after');
    expect(JSON.parse(first.body ?? '')).toEqual({ at: [1], json: '{"after":null}' });
    const next = build(stream, { cursor: 'c"1' });
    expect(next.url).toBe('https://api.acme.example/v2/orders?after=c%221&list=a&list=c%221');
    expect(next.headers).toMatchObject({ 'x-after': 'c"1' });
    expect(JSON.parse(next.body ?? '')).toEqual({
      after: 'c"1',
      at: ['c"1', 1],
      part: 'after c"1',
      json: '{"after":"c\\"1"}',
    });
  });

  test('without a value in the middle of a text end the request, unless the part may be left out', () => {
    expect(() => at('a and id > {cursor}')).toThrow(GiveUp);
    expect(() => at('a and id > {cursor}')).toThrow('{cursor} has no value in this request');
    expect(at('a{? and id > {cursor|soql}} order by id')).toEqual([['q', 'a order by id']]);
    expect(at('a{? and id > {cursor|soql}} order by id', "i'd")).toEqual([
      ['q', String.raw`a and id > 'i\'d' order by id`],
    ]);
  });

  test('without a value take the part of a body with them that {?} says, and no more', () => {
    const body = {
      where: { '{?}': { field: 'at', op: 'gte', value: '{start}' } },
      all: ['a', { '{?}': { from: '{start:epochMs}', after: { '{?}': ['{cursor}'] } } }],
      size: 5,
    };
    const stream = { method: 'POST', body, incremental, pagination: token } as const;
    expect(bodyOf(stream, { range: null })).toEqual({ all: ['a'], size: 5 });
    const from = Date.parse(range.from);
    const where = { field: 'at', op: 'gte', value: range.from };
    // The inner part lacks its cursor, and leaves the outer one where it is.
    expect(bodyOf(stream, { range })).toEqual({ where, all: ['a', { from }], size: 5 });
    expect(bodyOf(stream, { range, cursor: 'c' })).toEqual({ where, all: ['a', { from, after: ['c'] }], size: 5 });
    const graphql = { query: 'query Q { a }', variables: { filter: { '{?}': { since: '{start}' } } } };
    expect(bodyOf({ method: 'POST', graphql, incremental }, { range: null })).toMatchObject({ variables: {} });
  });

  test.each([
    ['offset', { type: 'offset', limit: 50 }, '100', { at: 100, size: 50 }],
    ['page', { type: 'page', size: 20 }, '3:40', { at: 3, size: 20 }],
    ['keyset', { type: 'keyset', field: 'id' }, '77', { at: '77' }],
  ] as const)('%s has its cursor and its size in the body alone', (_, pagination, cursor, expected) => {
    const size = pagination.type === 'keyset' ? {} : { size: '{limit}' };
    const stream = { method: 'POST', pagination, body: { at: '{cursor}', ...size } } as const;
    expect(bodyOf(stream, { cursor })).toEqual(expected);
    expect(queryOf(stream, { cursor })).toEqual([]);
  });

  test('a cursor that is digits is a number where that is asked for', () => {
    const stream = { method: 'POST', pagination: token, body: { after: '{cursor:number}' } } as const;
    expect(bodyOf(stream, { cursor: '42' })).toEqual({ after: 42 });
    expect(() => build(stream, { cursor: 'x' })).toThrow(GiveUp);
    expect(() => build(stream, { cursor: '9007199254740993' })).toThrow(GiveUp);
  });

  test('{{ and }} are braces, and so are those of JSON', () => {
    expect(queryOf({ query: { a: '{{start}}', b: '{"at":{"$gt":"{start:date}"}}' }, incremental }, { range })).toEqual([
      ['a', '{start}'],
      ['b', '{"at":{"$gt":"2026-01-01"}}'],
    ]);
  });
});

describe('a parent', () => {
  const parent = { stream: 'repos', fields: ['owner', 'name'] };
  const fields = ['owner', 'name'];

  test('gives several fields to a call, each escaped in the path', () => {
    const parents = [writeParent(fields, ['a/b', 'ü'])];
    expect(build({ path: '/repos/{parent.owner}/{parent.name}/issues', parent }, { parents }).url).toBe(
      'https://api.acme.example/v2/repos/a%2Fb/%C3%BC/issues',
    );
  });

  test('keeps its slashes where that is asked for, and climbs nowhere', () => {
    const one = { stream: 'files', field: 'path' };
    const at = (value: string): string =>
      build({ path: '/f/{parent.path|path}', parent: one }, { parents: [value] }).url;
    expect(at('docs/a b.md')).toBe('https://api.acme.example/v2/f/docs/a%20b.md');
    for (const value of ['../admin', 'a/../../b', '.', '']) expect(() => at(value)).toThrow(GiveUp);
  });

  test('may stand beside the old name of its placeholder', () => {
    const both = { stream: 'repos', field: 'id', as: 'repo' };
    const stream = { path: '/repos/{repo}', query: { owner: '{parent.owner}' }, parent: both };
    expect(build(stream, { parents: [writeParent(['id', 'owner'], ['7', 'acme'])] }).url).toBe(
      'https://api.acme.example/v2/repos/7?owner=acme',
    );
  });

  test('several of them are quoted one by one, and are items of a list', () => {
    const many = { stream: 'repos', field: 'id', batch: 3 };
    const parents = ['a', "b'c"];
    const stream: Partial<StreamInput> = {
      method: 'POST',
      query: { id: ['{parent.id}'], q: 'id in ({parent.id|odata})' },
      body: { ids: ['{parent.id}'], text: '{parent.id}' },
      parent: many,
    };
    expect(queryOf(stream, { parents })).toEqual([
      ['id', 'a'],
      ['id', "b'c"],
      ['q', "id in ('a','b''c')"],
    ]);
    expect(bodyOf(stream, { parents })).toEqual({ ids: ['a', "b'c"], text: "a,b'c" });
  });

  test('cannot split a header', () => {
    const stream = { headers: { 'x-of': 'repo {parent.id}' }, parent: { stream: 'repos', field: 'id' } };
    expect(() => build(stream, { parents: ['1\r\nx-admin: 1'] })).toThrow(GiveUp);
  });
});

describe('a request', () => {
  test.each([
    ['repeat', 'expand=a&expand=b'],
    ['brackets', 'expand%5B%5D=a&expand%5B%5D=b'],
    ['comma', 'expand=a%2Cb'],
  ] as const)('sends lists of its query as %s', (lists, query) => {
    expect(build({ query: { expand: ['a', 'b'] }, lists }).url).toBe(`https://api.acme.example/v2/orders?${query}`);
  });

  test('may be a PUT', () => {
    expect(build({ method: 'PUT', body: {} })).toMatchObject({ method: 'PUT', body: '{}' });
  });

  test('may be a form', () => {
    const form = { since: '{start:date}', tag: ['a', 'b'], after: '{cursor}' };
    const into = { ...token, as: 'after', in: 'body' } as const;
    const stream = { method: 'POST', form, incremental, pagination: token } as const;
    expect(build(stream, { range })).toMatchObject({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'since=2026-01-01&tag=a&tag=b',
    });
    expect(build({ method: 'POST', form: { a: 1 }, pagination: into }, { cursor: 'x y' }).body).toBe('a=1&after=x+y');
  });

  test('may be a text of any type', () => {
    const text = '<q><since>{start}</since>{?<after>{cursor}</after>}</q>';
    expect(
      build({ method: 'POST', text, contentType: 'text/xml', incremental, pagination: token }, { range }),
    ).toMatchObject({
      headers: { 'content-type': 'text/xml' },
      body: '<q><since>2026-01-01T00:00:00.000Z</since></q>',
    });
  });

  test('may be GraphQL, whose braces stay its own', () => {
    const query = 'query($after: String) { orders(after: $after, since: {start|graphql}) { nodes{id} } }';
    const graphql = { query, variables: { after: '{cursor}', first: '{limit}' } };
    const stream = { method: 'POST', graphql, incremental, pagination: token, pageSize: { max: 10 } } as const;
    const filled = query.replace('{start|graphql}', '"2026-01-01T00:00:00.000Z"');
    expect(bodyOf(stream, { range })).toEqual({ query: filled, variables: { first: 10 } });
    expect(bodyOf(stream, { range, cursor: 'c' })).toEqual({ query: filled, variables: { after: 'c', first: 10 } });
    const into = { ...token, as: 'variables.after', in: 'body' } as const;
    expect(bodyOf({ method: 'POST', graphql: { query: '{ a }' }, pagination: into }, { cursor: 'c' })).toEqual({
      query: '{ a }',
      variables: { after: 'c' },
    });
  });
});
