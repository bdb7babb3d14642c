import { describe, expect, test } from '@jest/globals';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { PageRead } from '../../core/source.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { declaredSource } from '../../sources/declared/declared-source.ts';
import { define, start } from '../http/support/definitions.ts';

const read = (body: unknown, records: StreamInput['records'], more: Partial<StreamInput> = {}): PageRead => {
  const { partner, stream } = define({ ...(records === undefined ? {} : { records }), ...more });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = { status: 200, headers: { 'content-type': 'application/json' }, text, bytes: text.length };
  return declaredSource(partner, stream).read({ ...answer, url: 'https://api.acme.example/v2/orders' }, start);
};
const recordsOf = (body: unknown, records: StreamInput['records']): unknown => read(body, records).records;
const failure = (body: unknown, records: StreamInput['records']): unknown => {
  try {
    return read(body, records);
  } catch (error) {
    return error;
  }
};

const orders = [
  { id: 1, at: 'x', customer: { id: 'c' }, lines: [{ sku: 'a' }, { sku: 'b' }] },
  { id: 2, at: 'y', customer: { id: 'd' }, lines: [] },
];

describe('records are made of', () => {
  test.each<[name: string, body: unknown, records: StreamInput['records'], made: unknown[]]>([
    ['a plain list', { data: [{ id: 1 }] }, 'data', [{ id: 1 }]],
    ['a list behind an index', { results: [{ rows: [{ id: 1 }] }, { rows: [] }] }, 'results.0.rows', [{ id: 1 }]],
    ['nodes of edges', { edges: [{ node: { id: 1 } }, { node: { id: 2 } }] }, 'edges.*.node', [{ id: 1 }, { id: 2 }]],
    ['no edges', { edges: [] }, 'edges.*.node', []],
    [
      'lists under ids',
      { data: { x: { items: [{ id: 1 }] }, y: { items: [{ id: 2 }] } } },
      'data.*.items',
      [{ id: 1 }, { id: 2 }],
    ],
    ['lists of lists', { pages: [[{ id: 1 }], [], [{ id: 2 }]] }, 'pages.*', [{ id: 1 }, { id: 2 }]],
    ['a name with a dot', { 'odata.value': [{ id: 1 }] }, { path: ['odata.value'] }, [{ id: 1 }]],
    ['an object', { account: { id: 1 } }, { path: 'account', single: true }, [{ id: 1 }]],
    ['an object that is a list at times', { account: [{ id: 1 }] }, { path: 'account', single: true }, [{ id: 1 }]],
    ['the whole body', { id: 1 }, { single: true }, [{ id: 1 }]],
    ['a list that is not there', { kind: 'list' }, { path: 'items', missing: 'empty' }, []],
    ['a list that is null', { items: null }, { path: 'items', missing: 'empty' }, []],
    ['a list in nothing', {}, { path: 'data.items', missing: 'empty' }, []],
    ['a body that is null', 'null', { missing: 'empty' }, []],
    [
      'a list that one of many lacks',
      { data: [{ items: [{ id: 1 }] }, {}] },
      { path: 'data.*.items', missing: 'empty' },
      [{ id: 1 }],
    ],
    [
      'values under keys',
      { data: { a: { n: 1 }, b: { id: 'b', n: 2 } } },
      { path: 'data', byKey: 'id' },
      [
        { id: 'a', n: 1 },
        { id: 'b', n: 2 },
      ],
    ],
    ['a key that is a number in the value', { data: { 7: { id: 7 } } }, { path: 'data', byKey: 'id' }, [{ id: 7 }]],
    ['no keys, as PHP writes them', { data: [] }, { path: 'data', byKey: 'id' }, []],
    [
      'numbers under keys',
      { rates: { EUR: 1.5, USD: 2 } },
      { path: 'rates', byKey: 'currency', value: 'rate' },
      [
        { currency: 'EUR', rate: 1.5 },
        { currency: 'USD', rate: 2 },
      ],
    ],
    ['texts', { ids: ['a', 'b'] }, { path: 'ids', value: 'id' }, [{ id: 'a' }, { id: 'b' }]],
    [
      'rows with names beside them',
      {
        columns: ['id', 'n'],
        rows: [
          ['a', 1],
          ['b', null],
        ],
      },
      { path: 'rows', columns: 'columns' },
      [
        { id: 'a', n: 1 },
        { id: 'b', n: null },
      ],
    ],
    [
      'rows with names in objects',
      { schema: { fields: [{ name: 'id' }, { name: 'n' }] }, rows: [['a', 1]] },
      { path: 'rows', columns: 'schema.fields.*.name' },
      [{ id: 'a', n: 1 }],
    ],
    ['rows with given names', [['a', 1]], { columns: ['id', 'n'] }, [{ id: 'a', n: 1 }]],
    [
      'rows below their names',
      [
        ['id', 'n'],
        ['a', 1],
      ],
      { header: true },
      [{ id: 'a', n: 1 }],
    ],
    [
      'rows of several results',
      { results: [{ rows: [['a']] }, { rows: [['b']] }] },
      { path: 'results.*.rows', columns: ['id'] },
      [{ id: 'a' }, { id: 'b' }],
    ],
    ['no rows, and no names', {}, { path: 'rows', columns: 'columns', missing: 'empty' }, []],
    [
      'rows of values in two lists',
      { d: [{ name: 'day' }], m: [{ name: 'n' }], rows: [{ ds: [{ value: 'mo' }], ms: [{ value: '4' }] }] },
      { path: 'rows', columns: { 'ds.*.value': 'd.*.name', 'ms.*.value': 'm.*.name' } },
      [{ day: 'mo', n: '4' }],
    ],
    [
      'rows in objects',
      { cols: ['id'], rows: [{ cells: ['a'] }] },
      { path: 'rows', columns: { cells: 'cols' } },
      [{ id: 'a' }],
    ],
    [
      'lines of orders',
      { orders },
      { path: 'orders', explode: 'lines', keep: { order: 'id' } },
      [
        { sku: 'a', order: 1 },
        { sku: 'b', order: 1 },
      ],
    ],
    [
      'lines with fields of their own name',
      { orders },
      { path: 'orders', explode: 'lines', keep: ['at', 'customer.id'] },
      [
        { sku: 'a', at: 'x', customer_id: 'c' },
        { sku: 'b', at: 'x', customer_id: 'c' },
      ],
    ],
    [
      'lines of lines',
      [{ id: 1, parts: [{ lines: [{ sku: 'a' }] }, { lines: [{ sku: 'b' }] }] }],
      { explode: 'parts.*.lines', keep: { order: 'id' } },
      [
        { sku: 'a', order: 1 },
        { sku: 'b', order: 1 },
      ],
    ],
    [
      'texts of orders',
      [{ id: 1, tags: ['a', 'b'] }],
      { explode: 'tags', value: 'tag', keep: { order: 'id' } },
      [
        { tag: 'a', order: 1 },
        { tag: 'b', order: 1 },
      ],
    ],
    ['lines that are null', [{ id: 1, lines: null }], { explode: 'lines', missing: 'empty' }, []],
    [
      'objects whose fields are lifted',
      [{ id: 1, attributes: { name: 'a', at: 'x' }, links: { self: 'y' } }, { id: 2, attributes: null }, { id: 3 }],
      { lift: ['attributes', 'links'] },
      [{ id: 1, name: 'a', at: 'x', self: 'y' }, { id: 2, attributes: null }, { id: 3 }],
    ],
    [
      'objects with a field that the record has',
      [{ id: 1, properties: { id: 'own', properties: 2, n: 3 } }],
      { lift: 'properties' },
      [{ id: 1, properties: { id: 'own', properties: 2 }, n: 3 }],
    ],
    [
      'objects of exploded lines',
      [{ id: 1, lines: [{ item: { sku: 'a' } }] }],
      { explode: 'lines', keep: { order: 'id' }, lift: 'item' },
      [{ order: 1, sku: 'a' }],
    ],
    ['a lifted field named __proto__', '[{"a":{"__proto__":"x"}}]', { lift: 'a' }, [JSON.parse('{"__proto__":"x"}')]],
    [
      'a field named __proto__',
      '{"data":{"__proto__":{"n":1}}}',
      { path: 'data', byKey: 'id' },
      [{ id: '__proto__', n: 1 }],
    ],
    [
      'a column named __proto__',
      '{"c":["__proto__"],"r":[["x"]]}',
      { path: 'r', columns: 'c' },
      [JSON.parse('{"__proto__":"x"}')],
    ],
  ])('%s', (_, body, records, made) => {
    expect(recordsOf(body, records)).toEqual(made);
    expect(JSON.stringify(recordsOf(body, records))).toBe(JSON.stringify(made));
  });
});

describe('what is not as the definition says is an error that names the cure', () => {
  test.each<[name: string, body: unknown, records: StreamInput['records'], says: RegExp]>([
    ['a list that is not there', { kind: 'list' }, 'items', /at "items", found nothing.*missing: empty/],
    ['a list that is null', { items: null }, 'items', /at "items", found null.*missing: empty/],
    ['a list elsewhere', { data: [] }, 'items', /found nothing; arrays are at "data": see "records".*missing: empty/],
    ['a list within another', { orders: [{ lines: [] }] }, 'lines', /arrays are at "orders", "orders.\*.lines"/],
    [
      'a list that one of many lacks',
      { data: [{ items: [] }, {}] },
      'data.*.items',
      /at "data.1.items", found nothing/,
    ],
    ['an object', { items: { id: 1 } }, 'items', /at "items", found a value of type object.*single: true.*byKey/],
    [
      'a number',
      { items: 7 },
      { path: 'items', single: true, missing: 'empty' },
      /at "items", found a value of type number/,
    ],
    [
      'a list where keys should be',
      { data: [{ id: 1 }] },
      { path: 'data', byKey: 'id' },
      /an object of records by their keys at "data", found an array/,
    ],
    [
      'an error in place of the list',
      { error: { code: 7 } },
      { path: 'items', missing: 'empty' },
      /none beside the answer's field "error"/,
    ],
    [
      'errors in place of the list',
      { errors: ['x'], data: null },
      { path: 'data.items', missing: 'empty' },
      /none beside the answer's field "errors"/,
    ],
    ['names that are none', { c: [{ name: 'a' }], r: [['x']] }, { path: 'r', columns: 'c' }, /"c\.\*\.name"/],
    [
      'names that are not there',
      { r: [['x']] },
      { path: 'r', columns: 'c' },
      /names of the columns at "c", found no array/,
    ],
  ])('%s', (_, body, records, says) => {
    const error = failure(body, records);
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });

  test.each<[name: string, body: unknown, records: StreamInput['records'], says: RegExp]>([
    [
      'a name that two columns have',
      { c: ['a', 'a'], r: [['x', 'y']] },
      { path: 'r', columns: 'c' },
      /two columns have the name "a"/,
    ],
    [
      'a field that is kept over another',
      [{ id: 1, lines: [{ id: 7 }] }],
      { explode: 'lines', keep: ['id'] },
      /field "id" of its own/,
    ],
  ])('for good: %s', (_, body, records, says) => {
    const error = failure(body, records);
    expect(error).toBeInstanceOf(GiveUp);
    expect((error as Error).message).toMatch(says);
  });
});

describe('a record that cannot be made is kept as it came, with why', () => {
  test.each<[name: string, body: unknown, records: StreamInput['records'], kept: unknown, why: string]>([
    ['too few values', [['a']], { columns: ['id', 'n'] }, ['a'], 'expected 2 values, found 1'],
    ['too many values', [['a', 1, 2]], { columns: ['id', 'n'] }, ['a', 1, 2], 'expected 2 values, found 3'],
    ['a row that is none', [null], { columns: ['id'] }, null, 'expected an array of values'],
    [
      'a text by its key',
      { a: 'x' },
      { byKey: 'id' },
      'x',
      'expected an object by its key, found a value of type string',
    ],
    [
      'another key within',
      { a: { id: 'b' } },
      { byKey: 'id' },
      { id: 'b' },
      'expected the record\'s key in its field "id"',
    ],
    [
      'lines that are not there',
      [{ id: 1 }],
      { explode: 'lines' },
      { id: 1 },
      'expected an array at "lines", found nothing',
    ],
    [
      'what should be lifted and is no object',
      [{ id: 1, attributes: ['x'] }],
      { lift: 'attributes' },
      { id: 1, attributes: ['x'] },
      'expected an object at "attributes" to lift, found an array',
    ],
    [
      'a line that is a text',
      [{ lines: ['x'] }],
      { explode: 'lines' },
      'x',
      'expected an object, found a value of type string',
    ],
  ])('%s', (_, body, records, kept, why) => {
    const page = read(body, records);
    expect(page.records).toEqual([kept]);
    expect([...(page.faults ?? [])]).toEqual([[0, why]]);
  });
});

describe('numbers keep their digits', () => {
  const row = '{"id":9007199254740993,"n":1.50,"x":1e400,"s":"9007199254740993"}';

  test.each<[name: string, body: string, records: StreamInput['records'], text: string]>([
    ['wildcards', `{"edges":[{"node":${row}}]}`, 'edges.*.node', row],
    ['one object', `{"a":${row}}`, { path: 'a', single: true }, row],
    ['keys', `{"k":${row}}`, { byKey: 'key' }, `{"key":"k",${row.slice(1)}`],
    ['columns', `[[9007199254740993,0.10]]`, { columns: ['id', 'n'] }, '{"id":9007199254740993,"n":0.10}'],
    [
      'lifted',
      `[{"n":1.50,"a":${row.replace('"n":1.50,', '')}}]`,
      { lift: 'a' },
      `{"n":1.50,${row.replace('"n":1.50,', '').slice(1)}`,
    ],
    [
      'exploded',
      `[{"id":9007199254740993,"lines":[{"n":2.0}]}]`,
      { explode: 'lines', keep: { order: 'id' } },
      '{"n":2.0,"order":9007199254740993}',
    ],
  ])('%s', (_, body, records, text) => {
    const page = read(body, records);
    expect(page.texts).toEqual([text]);
    expect(page.records).toEqual(read(`[${text}]`, '').records);
  });

  test('nothing is written twice where JSON.stringify is exact', () => {
    expect(read('{"a":{"id":12,"n":-0.5,"t":"1.50 \\"2.0"}}', { path: 'a', single: true }).texts).toBeUndefined();
  });

  test('a list behind an index is kept as it came', () => {
    expect(read(`{"r":[{"rows":[]},{"rows":[${row}]}]}`, 'r.1.rows').exactAt).toBe('r.1.rows');
  });
});

describe('pagination counts what the listing lists', () => {
  const pagination = { type: 'offset', limit: 2, total: 'total' } as const;

  test('not what it is exploded into', () => {
    const page = read({ total: 9, orders }, { path: 'orders', explode: 'lines' }, { pagination });
    expect(page).toMatchObject({ next: { cursor: '2', total: null }, full: true });
  });

  test('the last object of a listing by keys is the one to go on from', () => {
    const keyset = { type: 'keyset', field: 'id', as: 'after' } as const;
    expect(read({ a: {}, b: {} }, { byKey: 'id' }, { pagination: keyset }).next.cursor).toBe('b');
  });
});
