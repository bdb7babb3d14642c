import { describe, expect, test } from '@jest/globals';
import { generate, type Generated } from '../../../cli/chaos/generate/generate.ts';
import { textLike } from '../../../cli/chaos/generate/text-like.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import { checkPartner } from '../../../definitions/check.ts';
import { partner as shape } from '../../../definitions/definition.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import { plainNames } from '../../../messages/names.ts';
import type { Recording } from '../../../recordings/recording.ts';
import { recordsIn } from '../../../recordings/spoil/json.ts';
import { randomOf } from '../../../simulator/random.ts';
import { long } from '../../support/long.ts';

type Record = Readonly<{ [field: string]: unknown }>;

const orders: StreamInput = {
  path: '/orders',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, amount: { type: 'integer' } } },
};

async function generated(
  streams: { readonly [name: string]: StreamInput },
  { records = 40, seed = 7 } = {},
): Promise<Generated> {
  const partner = shape.parse({ name: 'acme', baseUrl: 'http://partner.invalid', streams });
  expect(checkPartner(partner)).toEqual([]);
  return generate(compilePartner(partner, plainNames), { records, seed, nowMs: Date.parse('2026-11-30T00:00:00Z') });
}

const recordsOf = ({ exchanges }: Recording): readonly Record[] =>
  exchanges.flatMap(({ text }) => recordsIn(JSON.parse(text)) ?? []);
async function one(more: Partial<StreamInput>, options?: { records?: number; seed?: number }): Promise<Recording> {
  const { recordings, leftOut } = await generated({ orders: { ...orders, ...more } }, options);
  expect(leftOut).toEqual([]);
  return recordings[0] as Recording;
}
const reasons = async (streams: Parameters<typeof generated>[0]): Promise<unknown> =>
  (await generated(streams)).leftOut;

describe('pages', () => {
  const bodies: readonly (readonly [string, Partial<StreamInput>, number])[] = [
    ['one page', { pagination: { type: 'none' } }, 1],
    ['token', { pagination: { type: 'token', token: 'meta.next', as: 'cursor', total: 'meta.total' } }, 4],
    [
      'token and flags of its own',
      {
        pagination: {
          type: 'token',
          token: 'next',
          as: 'cursor',
          none: 'END',
          hasMore: { path: 'more', yes: 'Y', no: 'N' },
          isLast: 'last',
        },
      },
      4,
    ],
    ['token in a header', { records: '', pagination: { type: 'token', from: 'header', token: 'X-Next', as: 'c' } }, 4],
    ['next URL', { pagination: { type: 'nextUrl', path: '@odata.nextLink' } }, 4],
    ['link', { records: '', pagination: { type: 'link' } }, 4],
    // Counted pages are asked for until one is empty.
    ['offset', { pagination: { type: 'offset', limit: 10, limitAs: 'limit', total: 'total' } }, 5],
    ['offset to a short page', { pagination: { type: 'offset', limit: 15, stopOnShort: true } }, 3],
    ['page number', { pagination: { type: 'page', size: 10, first: 0, sizeAs: 'n' } }, 5],
    ['number of pages', { pagination: { type: 'page', size: 15, totalPages: 'pages', total: 'n' } }, 5],
    ['keyset', { pagination: { type: 'keyset', field: 'id', as: 'after', hasMore: 'more' } }, 4],
    [
      'token in a JSON body',
      { method: 'POST', body: { q: 'all' }, pagination: { type: 'token', token: 'next', as: 'cursor', in: 'body' } },
      4,
    ],
    ['cursor in a template', { query: { q: '{? after {cursor} }' }, pagination: { type: 'token', token: 'next' } }, 4],
    ['cursor in a header', { pagination: { type: 'token', token: 'next', as: 'X-After', in: 'header' } }, 4],
    ['number in a header', { pagination: { type: 'page', size: 10, as: 'X-Page', in: 'header' } }, 5],
    [
      'header with a template',
      { headers: { 'X-At': '{?c={cursor}}' }, pagination: { type: 'token', token: 'next' } },
      4,
    ],
    ['a page size', { pageSize: { as: 'limit', max: 8 }, pagination: { type: 'link' }, records: '' }, 5],
  ];
  test.each(bodies)('by %s hold each record once', async (_what, more, requests) => {
    const recording = await one(more);
    expect(recording.exchanges).toHaveLength(requests);
    expect(recording).toMatchObject({ records: 40, keyed: true, complete: true, basePath: '' });
    expect(new Set(recordsOf(recording).map(({ id }) => id)).size).toBe(40);
    expect(recordsOf(recording)).toHaveLength(40);
  });

  test('by a field with equal values lose records, as at a partner', async () => {
    const schema = {
      ...(orders.schema as object),
      properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
    };
    const recording = await one(
      { schema, version: ['at'], pagination: { type: 'keyset', field: 'at', as: 'after' } },
      { records: 42 },
    );
    expect(recording.records).toBe(42);
    expect(recordsOf(recording).length).toBeLessThan(42);
  });
});

describe('records', () => {
  const schema = {
    type: 'object',
    required: ['id', 'at', 'sequence', 'currency', 'state'],
    $defs: { money: { type: 'object', required: ['amount'], properties: { amount: { type: 'number', minimum: 0 } } } },
    properties: {
      id: { type: 'string', format: 'uuid' },
      at: { type: 'string', format: 'date-time' },
      sequence: { type: 'integer', minimum: 1 },
      currency: { type: 'string', pattern: '^[A-Z]{3}$' },
      state: { enum: ['open', 'paid'] },
      day: { type: ['string', 'null'], format: 'date' },
      short: { type: 'string', minLength: 2, maxLength: 4 },
      mail: { type: 'string', format: 'email' },
      total: { $ref: '#/$defs/money' },
      either: { anyOf: [{ type: 'integer', multipleOf: 5, maximum: 20 }, { type: 'null' }] },
      lines: {
        type: 'array',
        minItems: 1,
        maxItems: 3,
        items: { type: 'object', properties: { n: { type: 'integer' } } },
      },
      both: {
        allOf: [
          { type: 'object', properties: { a: { const: 1 } } },
          { type: 'object', properties: { b: { type: 'integer' } } },
        ],
      },
    },
  };

  test('fit their schema, with and without what is optional', async () => {
    const records = recordsOf(await one({ schema }));
    const having = ['day', 'short', 'mail', 'total', 'either', 'lines', 'both'].map(
      (name) => [name, records.filter((record) => name in record).length] as const,
    );
    expect(having.filter(([, count]) => count <= 20 || count === 40)).toEqual([]);
    expect(records.some(({ day }) => day === null)).toBe(true);
    expect(records.every(({ currency }) => /^[A-Z]{3}$/.test(String(currency)))).toBe(true);
  });

  test('come in versions that grow, older ones before and behind newer ones', async () => {
    const pagination = { type: 'token', token: 'next', as: 'cursor' } as const;
    const recording = await one({ schema, version: ['at', 'sequence'], pagination });
    const records = recordsOf(recording);
    expect(recording.records).toBe(40);
    expect(records).toHaveLength(44);
    const [first, last] = [records[0], records.at(-1)] as [Record, Record];
    for (const old of [first, last]) {
      const own = records.filter(({ id }) => id === old['id']);
      expect(own).toHaveLength(2);
      expect(Math.max(...own.map(({ at }) => Date.parse(String(at))))).toBeGreaterThan(Date.parse(String(old['at'])));
    }
  });

  test('begin where the first run does, in the format that is declared', async () => {
    const recording = await one({
      schema: { type: 'object', properties: { id: { type: 'string' }, at: { type: 'string' } } },
      times: { at: { formats: ['dd.MM.yyyy HH:mm'], zone: 'UTC' } },
      incremental: { field: 'at', start: { as: 'since' }, initial: '2026-05-01T00:00:00Z' },
    });
    expect(recordsOf(recording)[0]?.['at']).toMatch(/^01\.05\.2026 \d\d:\d\d$/);
  });

  test('none says that it is gone', async () => {
    const properties = { id: { type: 'string' }, gone: { type: 'boolean' }, gone_at: { type: 'string' } };
    const required = ['id', 'gone'];
    const recording = await one({ schema: { type: 'object', required, properties }, deletes: { field: 'gone' } });
    expect(recordsOf(recording).some(({ gone }) => gone === true)).toBe(false);
    const other = await one({ schema: { type: 'object', required, properties }, deletes: { field: 'gone_at' } });
    expect(recordsOf(other).some((record) => 'gone_at' in record)).toBe(false);
    expect([recording.records, other.records]).toEqual([40, 40]);
  });

  test('have the objects that fields are lifted out of', async () => {
    const schema = {
      type: 'object',
      required: ['id', 'amount'],
      properties: { id: { type: 'string' }, amount: { type: 'integer' } },
    };
    const recording = await one({ schema, records: { path: 'data', lift: 'attributes' } });
    expect(recording.records).toBe(40);
    expect(recordsOf(recording)[0]).toEqual({ id: expect.any(String), attributes: { amount: expect.any(Number) } });
  });

  test('are as many as the key can tell apart, which is said', async () => {
    const { recordings, short } = await generated({
      orders: {
        ...orders,
        primaryKey: ['state', 'place'],
        schema: {
          type: 'object',
          properties: { state: { enum: ['open', 'paid'] }, place: { type: 'integer', minimum: 1, maximum: 3 } },
        },
      },
      good: { ...orders, path: '/good' },
    });
    expect(recordings.map(({ stream, records }) => [stream, records])).toEqual([
      ['orders', 6],
      ['good', 40],
    ]);
    expect(short).toEqual(['orders']);
  });
});

describe('several streams', () => {
  const customers: StreamInput = { ...orders, path: '/customers' };

  test('a child is asked for by the keys of its parent, and one parent has none', async () => {
    const { recordings, leftOut } = await generated({
      customers,
      invoices: {
        path: '/customers/{customer}/invoices',
        primaryKey: ['customer_id', 'number'],
        parent: { stream: 'customers', field: 'id', as: 'customer', include: 'customer_id' },
        schema: { type: 'object', properties: { number: { type: 'integer' } } },
      },
    });
    expect(leftOut).toEqual([]);
    const [parents, children] = recordings as [Recording, Recording];
    const paths = recordsOf(parents).map(({ id }) => `/customers/${id as string}/invoices`);
    expect(children.exchanges.map(({ path }) => path)).toEqual(paths);
    expect(children.exchanges.filter(({ text }) => text === '[]')).toHaveLength(1);
    expect(children.records).toBe(recordsOf(children).length);
    // Each customer numbers its invoices from 1.
    expect(new Set(recordsOf(children).map(({ number }) => number)).size).toBe(5);
  });

  test('a record needs one that is there', async () => {
    const { recordings } = await generated({
      payments: {
        ...orders,
        path: '/payments',
        requires: { customer: { stream: 'customers', by: 'customer_id' } },
        schema: { type: 'object', properties: { id: { type: 'string' }, customer_id: { type: 'string' } } },
      },
      customers,
    });
    const known = new Set(
      recordings
        .filter(({ stream }) => stream === 'customers')
        .flatMap(recordsOf)
        .map(({ id }) => id),
    );
    const asked = recordings.filter(({ stream }) => stream === 'payments').flatMap(recordsOf);
    expect(asked).toHaveLength(40);
    expect(asked.every(({ customer_id: id }) => known.has(id))).toBe(true);
  });

  test('what cannot be generated is named, and so is what needs it', async () => {
    expect(
      await reasons({
        parts: {
          ...orders,
          path: '/rows/{file}',
          parent: { stream: 'rows', field: 'id', as: 'file' },
        },
        rows: { ...orders, path: '/rows', records: { path: 'data', byKey: 'id' } },
        list: { ...orders, path: '/list', records: '', pagination: { type: 'token', token: 'next', as: 'c' } },
        inside: { ...orders, path: '/inside', pagination: { type: 'token', token: 'data.next', as: 'c' } },
        dated: {
          ...orders,
          path: '/days/{parent.id}-{start:date}',
          parent: { stream: 'good', fields: ['id'] },
          schema: { type: 'object', properties: { id: { type: 'string' }, at: { type: 'string' } } },
          incremental: { field: 'at', initial: '2026-01-01T00:00:00Z' },
        },
        good: orders,
        odd: {
          ...orders,
          path: '/odd',
          schema: { type: 'object', properties: { id: { type: 'string', pattern: '^(?=x)x$' } } },
        },
      }),
    ).toEqual([
      { stream: 'parts', reason: 'it needs rows, which is left out' },
      { stream: 'rows', reason: expect.stringContaining('only plain lists') },
      { stream: 'list', reason: expect.stringContaining('the list of records itself, so nothing can stand at "next"') },
      { stream: 'inside', reason: expect.stringContaining('"data.next" and the records') },
      { stream: 'dated', reason: 'its requests cannot be told apart by path, query, headers and body' },
      { stream: 'odd', reason: expect.stringContaining('no record was found that fits it (id: ') },
    ]);
  });
});

test('a seed gives the same answers again', async () => {
  const [first, same, other] = await Promise.all([1, 1, 2].map((seed) => one({}, { seed })));
  expect(same).toEqual(first);
  expect(other).not.toEqual(first);
});

const patterns = [
  '^[A-Z]{3}$',
  String.raw`^\d{2,4}-\w+$`,
  '^(a|bc)+[^x-z]?x*$',
  '^(?:EUR|USD)$',
  String.raw`^a\.b{1,}$`,
];
test.each(patterns)('a text fits the pattern %s', (pattern) => {
  const tries = long ? 5000 : 50;
  for (let seed = 0; seed < tries; seed++) expect(textLike(pattern, randomOf(seed))).toMatch(new RegExp(pattern, 'u'));
});
test('a pattern that looks ahead is no plain one', () => {
  expect(textLike('^(?=a)a$', randomOf(1))).toBeUndefined();
});
