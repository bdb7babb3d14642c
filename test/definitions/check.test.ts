import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { PartnerInput } from '../../definitions/definition.ts';
import { changed, child, problems, properties, stream, type Stream, withFields } from './problems-of.ts';

describe('rules between fields', () => {
  test('find nothing wrong with a definition that uses everything', () => {
    const found = problems({
      customers: stream({ path: '/customers', pagination: { type: 'keyset', field: 'id', as: 'after' } }),
      orders: stream({
        path: '/customers/{customer}/orders',
        method: 'POST',
        body: { a: 1 },
        primaryKey: ['owner', 'customer.id'],
        version: ['at'],
        pagination: { type: 'token', token: 'next', as: 'cursor', in: 'body' },
        incremental: {
          field: 'at',
          start: { as: 'since' },
          end: { as: 'until' },
          lookback: '1h',
          initial: '2020-01-01T00:00:00Z',
        },
        slice: '1d',
        parent: { stream: 'customers', field: 'id', as: 'customer', include: 'owner' },
      }),
      logs: stream({ primaryKey: [], disposition: 'append', incremental: { field: 'at', start: { as: 'since' } } }),
      prices: stream({ primaryKey: [], disposition: 'replace', conditional: true }),
    });
    expect(found).toEqual([]);
  });

  test.each<[string, Stream, string]>([
    [
      'an unfilled placeholder',
      stream({ path: '/a/{b}' }),
      'path: nothing fills {b}; add parent: { stream: …, field: …, as: b }',
    ],
    [
      'another placeholder than the parent’s',
      stream({ path: '/a/{b}/{c}', parent: { stream: 'others', field: 'id', as: 'b' } }),
      "path: nothing fills {c}; the parent's value is called {b}",
    ],
    [
      'keys and a single record at once',
      stream({ records: { byKey: 'id', single: true } }),
      'records.single: with byKey an object is read as many records, one for each key; leave one of the two out',
    ],
    [
      'names of columns twice',
      stream({ records: { columns: ['id'], header: true } }),
      'records.header: with columns the names are given already; leave one of the two out',
    ],
    [
      'a first row of an object by its keys',
      stream({ records: { byKey: 'id', header: true } }),
      'records.header: an object by its keys has no first row; leave one of the two out',
    ],
    [
      'fields that nothing takes along',
      stream({ records: { keep: ['id'] } }),
      'records.keep: only with explode, whose records take these fields along; write explode: PATH, or leave it out',
    ],
    [
      'fields that would have one name',
      stream({ records: { explode: 'lines', keep: ['a.b', 'a_b'] } }),
      'records.keep: two fields would be called "a_b"; name them yourself, as keep: { new_name: path }',
    ],
    [
      'a path within rows',
      stream({ format: 'csv', records: { explode: 'lines' } }),
      'records: in CSV each row is a record; leave records out, but for missing: empty',
    ],
    [
      'a key that is not among the columns',
      stream({ format: { type: 'csv', columns: ['a'] } }),
      `format.columns: the primary key's field "id" is not among them; add it`,
    ],
    [
      'a column twice',
      stream({ format: { type: 'csv', columns: ['id', 'a', 'a'] } }),
      'format.columns: two columns are called "a"; give each a name of its own',
    ],
    [
      'a delimiter that is the quote',
      stream({ format: { type: 'csv', delimiter: '"' } }),
      'format.delimiter: the delimiter is the quote as well; write quote: false',
    ],
    [
      'a parent without placeholder',
      stream({ parent: { stream: 'others', field: 'id', as: 'b' } }),
      'parent.as: {b} is not in the path; write it there, or say where the value goes with in: query, header or body',
    ],
    [
      'an unknown parent',
      stream({ path: '/a/{b}', parent: { stream: 'other', field: 'id', as: 'b' } }),
      'parent.stream: there is no stream "other"; did you mean "others"?',
    ],
    [
      'an unknown field of the parent',
      stream({ path: '/a/{b}', parent: { stream: 'others', field: 'key', as: 'b' } }),
      'parent.field: field "key" is not in the schema of others; add it to properties; there are id, at, ok, customer',
    ],
    [
      'a parent that is its own',
      stream({ path: '/a/{b}', parent: { stream: 'orders', field: 'id', as: 'b' } }),
      'parent.stream: parents go in a circle: orders → orders; one of them must do without a parent',
    ],
    [
      'including one of several parents',
      stream({ parent: { stream: 'others', field: 'id', as: 'b', in: 'query', batch: 2, include: 'b' } }),
      'parent.include: only with batch: 1: of several parents nobody can tell which one a record belongs to',
    ],
    [
      'only parents that changed, by a field that they do not have',
      stream({ path: '/a/{parent.id}', parent: { ...changed, changed: 'touched' } }),
      'parent.changed: field "touched" is not in the schema of others; add it to properties; there are id, at, ok, customer',
    ],
    [
      'only parents that changed, and a watermark',
      stream({ path: '/a/{parent.id}', parent: changed, incremental: { field: 'at', start: { as: 'since' } } }),
      'parent.changed: a parent that changed is read as a whole; leave incremental or parent.changed out',
    ],
    [
      'only parents that changed, for what should be all',
      stream({ path: '/a/{parent.id}', parent: changed, disposition: 'replace' }),
      'parent.changed: only some of the parents are asked for, so what is absent is not gone; leave it out',
    ],
    [
      'only parents that changed, without a key',
      stream({ path: '/a/{parent.id}', parent: changed, disposition: 'append', primaryKey: [] }),
      'parent.changed: a parent that changed is read again, which would double its records; add a primaryKey',
    ],
    [
      'including the parent where the schema is closed',
      stream({
        path: '/a/{b}',
        parent: { stream: 'others', field: 'id', as: 'b', include: 'b' },
        schema: { type: 'object', properties, additionalProperties: false },
      }),
      'parent.include: the schema allows no further fields; add "b" to its properties',
    ],
    [
      'a kept cursor of a replace',
      stream({ disposition: 'replace', pagination: { type: 'nextUrl', path: 'next', keep: 'delta' } }),
      'disposition: with pagination.keep a run goes on from the cursor of the last one, which knows one listing and names only what is new; leave one of the two out',
    ],
    [
      'a listing that starts anew without a key',
      stream({ disposition: 'append', primaryKey: [], errors: [{ status: 410, action: 'restart' }] }),
      'errors.0.action: restart reads the listing again and would double its records; add a primaryKey, or write giveUp',
    ],
    [
      'a slice of nothing',
      stream({ slice: '1d' }),
      'slice: there is no range of time to cut; add incremental with start and end',
    ],
    [
      'a slice without an end',
      stream({ slice: '1d', incremental: { field: 'at', start: { as: 'since' } } }),
      'slice: needs incremental.end, or {end} in a template: without it every slice would read to the present',
    ],
    [
      'slices without a beginning',
      stream({ slice: '1d', incremental: { field: 'at', start: { as: 'since' }, end: { as: 'until' } } }),
      'incremental.initial: missing; slices are cut from a beginning: write the time of the oldest records, such as 2020-01-01T00:00:00Z',
    ],
    [
      'replacing by a part',
      stream({ disposition: 'replace', incremental: { field: 'at', start: { as: 'since' } } }),
      'disposition: a replace needs the full listing each time, and incremental reads only a part; use merge, or leave incremental out',
    ],
    [
      'a full listing that is a part',
      stream({ fullListing: true, incremental: { field: 'at', start: { as: 'since' } } }),
      'fullListing: incremental reads only a part, so what is absent is not gone; leave one of the two out',
    ],
    [
      'appending twice',
      stream({
        primaryKey: [],
        disposition: 'append',
        incremental: { field: 'at', start: { as: 'since' }, lookback: '1h' },
      }),
      'incremental.lookback: reading again what was appended before would double it; add a primaryKey, or leave lookback out',
    ],
    [
      'a conditional POST',
      stream({ method: 'POST', conditional: true }),
      'conditional: only for method: GET: a POST has no validators (RFC 9110 §13); leave it out',
    ],
    [
      'two sizes of pages',
      stream({ pagination: { type: 'offset', limit: 50 }, pageSize: { as: 'limit', max: 100 } }),
      'pageSize: pagination of type offset has its limit; write limit and limitAs there, and leave pageSize out',
    ],
    [
      'a body of a GET',
      stream({ body: {} }),
      'body: a GET request has no body; write method: POST, or use query or header',
    ],
    [
      'a page parameter in the body of a GET',
      stream({ pagination: { type: 'page', size: 5, in: 'body' } }),
      'pagination.in: a GET request has no body; write method: POST, or use query or header',
    ],
    [
      'no key to merge by',
      stream({ primaryKey: [] }),
      'primaryKey: missing; disposition: merge needs one (only append and replace do without)',
    ],
    [
      'an unknown key',
      stream({ primaryKey: ['ids'] }),
      'primaryKey.0: field "ids" is not in the schema; did you mean "id"?',
    ],
    [
      'a boolean key',
      stream({ primaryKey: ['id', 'ok'] }),
      'primaryKey.1: field "ok" is of type boolean, which cannot be a primary key; use a text, number or time',
    ],
    [
      'a key that is an object',
      stream({ primaryKey: ['customer'] }),
      'primaryKey.0: field "customer" is of type json, which cannot be a primary key; use a text, number or time',
    ],
    [
      'an unknown version',
      stream({ version: ['customer.version'] }),
      'version.0: field "customer.version" is not in the schema; add it to properties; there are customer.id',
    ],
    [
      'an unknown incremental field',
      stream({ incremental: { field: 'att', start: { as: 'since' } } }),
      'incremental.field: field "att" is not in the schema; did you mean "at"?',
    ],
    [
      'an unknown keyset field',
      stream({ pagination: { type: 'keyset', field: 'idd', as: 'after' } }),
      'pagination.field: field "idd" is not in the schema; did you mean "id"?',
    ],
    [
      'a nested keyset field',
      stream({ pagination: { type: 'keyset', field: 'customer.id', as: 'after' } }),
      'pagination.field: expected a top-level field of the record',
    ],
    [
      'a column of ours',
      withFields({ _hash: {} }),
      'schema.properties._hash: column "_hash" is one of our own (_event, _page, _run, _loaded_at, _hash, _version, _extra, _deleted_at); leave it out of properties: it is kept in _extra',
    ],
    [
      'a column of PostgreSQL’s',
      withFields({ xmin: {} }),
      'schema.properties.xmin: column "xmin" is PostgreSQL\'s own; leave it out of properties: it is kept in _extra',
    ],
    [
      'two columns of one name',
      { ...withFields({ customer_id: {} }), primaryKey: ['customer.id'] },
      'schema.properties.customer_id: two columns "customer_id", of the fields customer.id and customer_id; leave one of them out of properties: it is kept in _extra',
    ],
    [
      'columns that differ by case only',
      withFields({ AT: {} }),
      'schema.properties.AT: two columns "AT", of the fields at and AT; leave one of them out of properties: it is kept in _extra',
    ],
    [
      'a name of more than 63 bytes',
      withFields({ ['ü'.repeat(32)]: {} }),
      `schema.properties.${'ü'.repeat(32)}: the column's name has 64 bytes, and PostgreSQL takes 63; leave it out of properties: it is kept in _extra`,
    ],
    [
      'too many columns',
      withFields(Object.fromEntries(Array.from({ length: 1589 }, (_, index) => [`f${index}`, {}]))),
      'schema: 1593 columns, and a table takes 1592; leave fields out of properties: they are kept in _extra',
    ],
    [
      'records that are no objects',
      stream({ disposition: 'append', primaryKey: [], schema: { type: 'array' } }),
      'schema: a record is an object; write type: object, and its fields under properties',
    ],
    [
      'a zod schema that JSON cannot carry',
      stream({ schema: z.object({ id: z.string(), big: z.bigint() }) }),
      'schema: this schema cannot be used: z.bigint() cannot be stored; use z.int(), which also takes digits as text and keeps them exact',
    ],
  ])('refuse %s', (_what, orders, message) => {
    expect(problems({ others: stream(), orders })).toEqual([`streams.orders.${message}`]);
  });

  test('refuse parents that go in a circle, each with its way', () => {
    expect(problems({ a: child('b'), b: child('c'), c: child('b') })).toEqual([
      'streams.b.parent.stream: parents go in a circle: b → c → b; one of them must do without a parent',
      'streams.c.parent.stream: parents go in a circle: c → b → c; one of them must do without a parent',
    ]);
  });

  test('refuse one table for two streams, or for a stream and a history', () => {
    expect(problems({ orders: stream(), archive: stream({ table: 'orders' }) })).toEqual([
      'streams.archive.table: table "orders" is already the one of stream orders; give each a table of its own',
    ]);
    expect(problems({ orders: stream({ history: true }), orders_history: stream() })).toEqual([
      'streams.orders_history: table "orders_history" is already the one of the history of orders; give each a table of its own',
    ]);
    expect(problems({ orders: stream({ history: { table: 'orders' } }) })).toEqual([
      'streams.orders.history: table "orders" is already the one of stream orders; give each a table of its own',
    ]);
  });

  test.each<[Partial<Stream>, string[]]>([
    [{ history: true }, []],
    [{ history: false, disposition: 'append' }, []],
    [
      { history: true, disposition: 'append' },
      [
        'streams.orders.history: disposition: append keeps each record as a row of its own; a history is that of a stream with merge or replace',
      ],
    ],
    [
      { history: true, disposition: 'replace', primaryKey: [] },
      ['streams.orders.history: a history is that of keys: it needs a primaryKey'],
    ],
    [
      { history: true, ...withFields({ Valid_From: { type: 'string' } }) },
      [
        'streams.orders.history: field "Valid_From" has the name of a column that the history has itself; give those other names, such as prefix: row_',
      ],
    ],
    [{ history: { prefix: 'row_' }, ...withFields({ valid_from: { type: 'string' } }) }, []],
  ])('of a history: %j', (more, says) => {
    expect(problems({ orders: stream(more) })).toEqual(says);
  });

  const oauth2 = { type: 'oauth2', tokenUrl: 'https://a.example/t', clientId: 'i', clientSecret: 's' } as const;
  test.each<[Partial<PartnerInput>, string]>([
    [
      { auth: { ...oauth2, grant: 'refresh_token' } },
      'auth.refreshToken: missing; grant: refresh_token needs the first refresh token',
    ],
    [
      { auth: { ...oauth2, grant: 'client_credentials', refreshToken: 'r' } },
      'auth.refreshToken: not used by grant: client_credentials; write grant: refresh_token, or leave it out',
    ],
    [
      { auth: { ...oauth2, grant: 'client_credentials', tokenUrl: '/token' } },
      'auth.tokenUrl: expected an http(s) URL',
    ],
    [
      { baseUrl: 'https://me:pw@api.example' },
      'baseUrl: expected a URL without user and password; write auth: { type: basic, … }',
    ],
    [
      { baseUrl: 'https://api.example/?key=1' },
      'baseUrl: expected a URL without a query or fragment; write parameters under `query` of each stream',
    ],
  ])('refuse %j', (top, message) => {
    expect(problems({ orders: stream() }, top)).toEqual([message]);
  });
});
