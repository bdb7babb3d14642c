import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { partner, type PartnerInput, type StreamInput } from '../../definitions/definition.ts';
import { dotted } from '../../definitions/problem.ts';
import { loadAcme, problemsOf } from './partner-files.ts';

const properties = {
  id: { type: 'string' },
  at: { type: 'string', format: 'date-time' },
  owner: { type: 'object', properties: { login: { type: 'string' } } },
};
const base = { path: '/orders', primaryKey: ['id'], schema: { type: 'object', properties } } satisfies StreamInput;
const problems = (stream: Partial<StreamInput>, top: Partial<PartnerInput> = {}): string[] =>
  checkPartner(
    partner.parse({
      name: 'acme',
      baseUrl: 'https://api.example',
      ...top,
      streams: { repos: { ...base, path: '/repos', table: 'r' }, orders: { ...base, ...stream } },
    }),
  ).map(({ path, says }) => `${dotted(path).replace('streams.orders.', '')}: ${says}`);

const token = { type: 'token', token: 'next' } as const;
const since = { field: 'at', start: { as: 'since' } };
const post = { method: 'POST' } as const;
const initial = '2020-01-01T00:00:00Z';

/** A definition with a header. */
const withHeader = (value: string): string =>
  `name: acme\nbaseUrl: https://api.example\nheaders: { x-key: '${value}' }\nstreams: { a: { path: /a, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } } }\n`;

describe('a definition with templates', () => {
  test.each<[string, Partial<StreamInput>]>([
    [
      'everywhere',
      {
        ...post,
        path: '/{parent.owner.login}/{parent.id|path}/orders',
        query: { q: 'at >= {start:iso|soql}{? and id > {cursor|soql}} limit {limit}', expand: ['a', 'b'] },
        headers: { 'x-end': '{end:epochMs}' },
        body: {
          after: '{cursor}',
          filters: [{ at: '{start:epochSeconds}' }],
          json: '{"after":{cursor|json},"of":{"x":1}}',
          and: [{ '{?}': { after: '{cursor}' } }],
        },
        pagination: token,
        pageSize: { max: 100 },
        incremental: { field: 'at', initial },
        slice: '1d',
        parent: { stream: 'repos', fields: ['owner.login'], include: { id: 'repo', 'owner.login': 'login' } },
      },
    ],
    [
      'in a form',
      { ...post, form: { after: '{cursor}', since: '{start}' }, pagination: token, incremental: { field: 'at' } },
    ],
    ['in a text', { ...post, text: '<a>{start}</a>', contentType: 'text/xml', incremental: { field: 'at', initial } }],
    [
      'in GraphQL',
      {
        ...post,
        graphql: {
          query:
            'query($after: String) { orders(after: $after, since: {start|graphql}) { nodes { id } pageInfo { cursor } } }',
          variables: { after: '{cursor}' },
        },
        pagination: token,
        incremental: { field: 'at' },
      },
    ],
    ['as GraphQL in a plain body', { ...post, body: { query: '{orders{id}cursor{start}}' } }],
    [
      'of old: as and in',
      { ...post, body: { f: [{ v: 0 }] }, incremental: { field: 'at', start: { as: 'f.0.v', in: 'body' } } },
    ],
    ['with braces of its own', { query: { q: '{{start}} {"a":{"b":[1]}}' } }],
    [
      'with several parents',
      { query: { q: 'id in ({parent.id|odata})' }, parent: { stream: 'repos', field: 'id', batch: 50 } },
    ],
  ])('holds: %s', (_, stream) => {
    expect(problems(stream)).toEqual([]);
  });

  test.each<[string, Partial<StreamInput>, string]>([
    [
      'a slip',
      { ...post, body: { a: [{ since: '{strat}' }] }, incremental: since },
      'body.a.0.since: nothing fills {strat}; did you mean {start}?',
    ],
    [
      'a slip in a query',
      { query: { q: 'x > {cursr}' }, pagination: { ...token, as: 'c' } },
      'query.q: nothing fills {cursr}; did you mean {cursor}?',
    ],
    [
      'another word',
      { query: { q: '{today}' } },
      'query.q: nothing fills {today}; known are {start}, {end}, {cursor}, {limit} and {parent.FIELD}; write {{today}} for the braces themselves',
    ],
    [
      'a start of nothing',
      { query: { q: '{start}' } },
      'query.q: nothing fills {start}; add incremental: { field: … }',
    ],
    ['an end of nothing', { headers: { q: '{end}' } }, 'headers.q: nothing fills {end}; add incremental: { field: … }'],
    [
      'a parent that is none',
      { query: { q: '{parent.id}' } },
      'query.q: nothing fills {parent.id}; add parent: { stream: … }',
    ],
    [
      'a cursor of nothing',
      { query: { q: '{cursor}' } },
      'query.q: nothing fills {cursor}; add a pagination of type token, keyset, offset, page or function',
    ],
    [
      'a cursor that is a URL',
      { query: { q: '{cursor}' }, pagination: { type: 'link' } },
      'query.q: nothing fills {cursor}: with a pagination of type link the next URL is asked as it is',
    ],
    ['a limit of nothing', { query: { q: '{limit}' } }, 'query.q: nothing fills {limit}; add pageSize: { max: … }'],
    [
      'a field that the parent lacks',
      { query: { q: '{parent.idd}' }, parent: { stream: 'repos' } },
      'query.q: field "idd" is not in the schema of repos; did you mean "id"?',
    ],
    [
      'the parent’s name out of its path',
      { path: '/{repo}', query: { q: '{repo}' }, parent: { stream: 'repos', field: 'id', as: 'repo' } },
      'query.q: nothing fills {repo}; write {parent.id}',
    ],
    [
      'a format that is none',
      { query: { q: '{start:epochSecond}' }, incremental: since },
      'query.q: {start} has an unknown format "epochSecond"; did you mean "epochSeconds"?',
    ],
    [
      'a format of a number',
      { query: { q: '{limit:iso}' }, pageSize: { max: 5 } },
      'query.q: {limit} takes no format, found "iso"',
    ],
    [
      'a quoting that is none',
      { query: { q: '{start|sql}' }, incremental: since },
      'query.q: {start} has an unknown quoting "sql"; did you mean "soql"?',
    ],
    [
      'raw values in a path',
      { path: '/{parent.id|raw}', parent: { stream: 'repos' } },
      'path: {parent.id} has an unknown quoting "raw"; known here: soql, jql, odata, pocketbase, graphql, json, url, path',
    ],
    [
      'a cursor that page 1 lacks',
      { query: { q: 'id > {cursor}' }, pagination: token },
      'query.q: the first page has no {cursor}; write {? … } around what is left out on it, as in "{?changed > {cursor} AND }open = 1", or make it the whole value',
    ],
    [
      'a cursor that page 1 lacks in a path',
      { path: '/after/{cursor}', pagination: token },
      'path: the first page has no {cursor}; write {? … } around what is left out on it, or make it the whole value',
    ],
    [
      'an optional part without an end',
      { query: { q: 'a{? b {cursor}' }, pagination: { ...token, as: 'c' } },
      'query.q: a {? is not closed; write {? … } around what is left out without a value',
    ],
    [
      'an optional part of nothing',
      { query: { q: 'a{? b}' } },
      'query.q: a part in {? … } has no placeholder that could lack a value; write it without {?',
    ],
    [
      'an optional part of a body beside others',
      { ...post, body: { f: { '{?}': { at: '{start}' }, g: 1 } }, incremental: since },
      'body.f.{?}: an object with {?} has no other member: it stands for what is in it',
    ],
    [
      'an optional part of a body that lacks nothing',
      { ...post, body: { f: { '{?}': { at: 1 } } } },
      'body.f.{?}: nothing in {?} could lack a value; write what is in it without {?}',
    ],
    [
      'a body that is optional as a whole',
      { ...post, body: { '{?}': { at: '{start}' } }, incremental: since },
      'body.{?}: the whole body cannot be left out; write {?} within a member',
    ],
    [
      'spaces in braces',
      { query: { q: 'at > { start }' }, incremental: since },
      'query.q: { start } is no placeholder; write {start}, without spaces',
    ],
    [
      'braces of GraphQL',
      { ...post, graphql: { query: '{ o(q: "at:>\'{start}\'") { id } }' }, incremental: since },
      'graphql.query: braces belong to GraphQL here, so {start} is not filled; use a variable, or {start|graphql}',
    ],
    [
      'a value in braces of GraphQL',
      { ...post, body: { query: '{ o(after: {cursor}) { id } }' }, pagination: { ...token, as: 'c' } },
      'body.query: braces belong to GraphQL here, so {cursor} is not filled; use a variable, or {cursor|graphql}',
    ],
    [
      'braces that YAML took',
      { ...post, body: { f: [{ v: { start: null } }] }, incremental: since },
      "body.f.0.v: YAML reads {start} as a mapping; write it in quotes: '{start}'",
    ],
    [
      'a placeholder in a name',
      { query: { 'f[{start}]': 1 }, incremental: since },
      'query.f[{start}]: a name is sent as it is; placeholders are filled in values only',
    ],
    [
      'a cursor twice',
      { query: { after: '{cursor}' }, pagination: { ...token, as: 'c' } },
      'pagination.as: {cursor} already says where the cursor goes; leave out one of the two',
    ],
    [
      'a cursor that goes nowhere',
      { pagination: token },
      'pagination.as: missing; the parameter that takes the cursor, or {cursor} where it belongs',
    ],
    [
      'a start that goes nowhere',
      { incremental: { field: 'at' } },
      'incremental.start: missing; the parameter that takes the start, or {start} where it belongs',
    ],
    [
      'a size that goes nowhere',
      { pageSize: { max: 5 } },
      'pageSize.as: missing; the parameter that takes the number, or {limit} where it belongs',
    ],
    [
      'a parent that goes nowhere',
      { parent: { stream: 'repos', field: 'id' } },
      'parent.as: missing; the name of its placeholder or parameter, or {parent.FIELD} where it belongs',
    ],
    [
      'a parameter of no field',
      { parent: { stream: 'repos', as: 'id', in: 'query' } },
      'parent.field: missing; the field of the parent that goes into "id"',
    ],
    [
      'a field that nothing uses',
      { query: { q: '{parent.id}' }, parent: { stream: 'repos', fields: ['at'] } },
      'parent.fields.0: nothing uses it; write {parent.at} where it belongs, or leave it out',
    ],
    [
      'lists of two fields',
      { query: { q: '{parent.id}{parent.at}' }, parent: { stream: 'repos', batch: 2 } },
      'parent.batch: only with one field, found id, at: lists of each would not say what belongs together',
    ],
    [
      'two names of one',
      { incremental: { field: 'at', start: { as: 'at' }, end: { as: 'at' } } },
      'incremental.end.as: "at" is already sent by incremental.start.as; give each its own name',
    ],
    [
      'two headers of one name',
      { incremental: { field: 'at', start: { as: 'X-At', in: 'header' }, end: { as: 'x-at', in: 'header' } } },
      'incremental.end.as: "x-at" is already sent by incremental.start.as; give each its own name',
    ],
    [
      'an index beyond a list',
      { ...post, body: { f: [{ v: 0 }] }, incremental: { field: 'at', start: { as: 'f.1.v', in: 'body' } } },
      'incremental.start.as: "f.1.v" has no place in the body: "f" is a list of 1: expected an index from 0 to 0, found "1"',
    ],
    [
      'an index of no list',
      { ...post, incremental: { field: 'at', start: { as: 'f.0.v', in: 'body' } } },
      'incremental.start.as: "f.0.v" has no place in the body: there is no list at "f" that "0" could be an index of; write it into the body',
    ],
    [
      'a path through a text',
      { ...post, body: { f: 'x' }, pagination: { ...token, as: 'f.after', in: 'body' } },
      'pagination.as: "f.after" has no place in the body: "f" is a text, which has no "after" in it',
    ],
    [
      'one path through another',
      { ...post, incremental: { field: 'at', start: { as: 'f', in: 'body' }, end: { as: 'f.to', in: 'body' } } },
      'incremental.end.as: "f.to" has no place in the body: "f" is a number, which has no "to" in it',
    ],
    ['two bodies', { ...post, body: { a: 1 }, form: { a: 1 } }, 'form: a request has one body; leave out body or form'],
    ['a text without a type', { ...post, text: 'a' }, 'contentType: missing; the type of text, such as text/xml'],
    [
      'a type without a text',
      { ...post, body: {}, contentType: 'text/xml' },
      'contentType: only with text; write it under headers to replace that of another body',
    ],
    [
      'a parameter in a text',
      { ...post, text: 'a', contentType: 'text/xml', incremental: { field: 'at', start: { as: 'since', in: 'body' } } },
      'incremental.start.in: nothing can be added to a text; write {start}, {cursor} and so on where they belong in it',
    ],
    [
      'a parameter beside a query',
      { ...post, graphql: { query: '{ a }' }, pagination: { ...token, as: 'after', in: 'body' } },
      'pagination.as: expected a variable of the query, such as variables.after',
    ],
    [
      'a form of a GET',
      { form: { a: 1 } },
      'form: a GET request has no body; write method: POST, or use query or header',
    ],
    [
      'a conditional PUT',
      { method: 'PUT', conditional: true },
      'conditional: only for method: GET: a PUT has no validators (RFC 9110 §13); leave it out',
    ],
    [
      'including a field that the parent lacks',
      { path: '/{parent.id}', parent: { stream: 'repos', include: { name: 'repo' } } },
      'parent.include: field "name" is not in the schema of repos; add it to properties; there are id, at, owner',
    ],
  ])('is refused for %s', (_, stream, says) => {
    expect(problems(stream)).toEqual([says]);
  });

  test('is refused for a header of the partner that one of its streams cannot fill', () => {
    expect(problems({ incremental: since }, { headers: { 'X-Since': '{start}' } })).toEqual([
      'headers.X-Since: nothing fills {start}; add incremental: { field: … }',
    ]);
  });

  test('shows nothing of a text from the environment', async () => {
    const found = await problemsOf(withHeader('${KEY}'), { KEY: 'top{hidden}secret' });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(
      /headers\.x-key: the text from the environment has a \{placeholder\} that cannot be filled$/,
    );
    expect(await loadAcme(withHeader('${KEY}'), { KEY: 'pass{}{"word"}' })).toMatchObject({
      headers: { 'x-key': 'pass{}{"word"}' },
    });
  });

  test('says how YAML wants a placeholder in a query', async () => {
    const yaml =
      'name: acme\nbaseUrl: https://api.example\nstreams:\n  a:\n    path: /a\n    query: { since: {start} }\n    primaryKey: [id]\n    schema: { type: object, properties: { id: { type: string } } }\n';
    expect(await problemsOf(yaml)).toEqual([
      "acme.yaml:6:14 streams.a.query.since: expected a text, a number, true or false, or a list of those; a text with a {placeholder} stands in quotes: '{start}', found a mapping",
    ]);
  });
});
