import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parseJson } from '../../core/json.ts';
import { compilePartner, compileStream } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type PartnerInput } from '../../definitions/definition.ts';
import { plainNames } from '../../messages/names.ts';
import { defineStream } from '../support/define-stream.ts';

type Stream = PartnerInput['streams'][string];

const order: Stream = {
  path: '/orders',
  primaryKey: ['id'],
  version: ['updated_at', 'sequence'],
  schema: {
    type: 'object',
    required: ['id', 'amount'],
    properties: {
      amount: { type: 'integer', minimum: -5 },
      id: { type: 'string' },
      updated_at: { type: 'string', format: 'date-time' },
      sequence: { type: 'integer' },
      rate: { type: ['number', 'null'] },
      state: { enum: ['open', 'paid'], default: 'open' },
      lines: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
      note: { anyOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }] },
    },
  },
};

const compiled = (stream: Partial<Stream> = {}, top: Partial<PartnerInput> = {}): CompiledStream =>
  compileStream(
    partner.parse({
      name: 'acme',
      baseUrl: 'https://api.example/v1',
      ...top,
      streams: { orders: { ...order, ...stream } },
    }),
    'orders',
    plainNames,
  );
const ofSchema = (schema: Stream['schema'], stream: Partial<Stream> = {}): CompiledStream =>
  compiled({ version: [], ...stream, schema });

const reference = (keyword: string): CompiledStream =>
  ofSchema({
    type: 'object',
    properties: { id: { $ref: `#/${keyword}/id` } },
    [keyword]: { id: { type: 'string' } },
  });

describe('columns', () => {
  test('are the key first, then the fields in the order of the schema', () => {
    const { table, columns, known, keyColumns, version } = compiled();
    expect(table).toBe('orders');
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id text',
      'amount integer',
      'updated_at timestamp',
      'sequence integer',
      'rate number',
      'state text',
      'lines json',
      'note text',
    ]);
    expect([...known]).toEqual(columns.map(({ name }) => name));
    expect(keyColumns).toEqual([{ name: 'id', path: ['id'], type: 'text' }]);
    expect(version).toEqual([
      { path: ['updated_at'], type: 'timestamp' },
      { path: ['sequence'], type: 'integer' },
    ]);
  });

  test('have one for a key in a nested object and one for an included parent', () => {
    const { columns, known, keyColumns } = ofSchema(
      {
        type: 'object',
        properties: { n: { type: 'integer' }, customer: { type: 'object', properties: { id: { type: 'integer' } } } },
      },
      {
        primaryKey: ['account', 'customer.id', 'n'],
        parent: { stream: 'orders', field: 'id', as: 'a', in: 'query', include: 'account' },
        table: 'sales',
      },
    );
    expect(columns).toEqual([
      { name: 'account', path: ['account'], type: 'text' },
      { name: 'customer_id', path: ['customer', 'id'], type: 'integer' },
      { name: 'n', path: ['n'], type: 'integer' },
      { name: 'customer', path: ['customer'], type: 'json' },
    ]);
    expect([...known]).toEqual(['account', 'n', 'customer']);
    expect(keyColumns.map(({ name }) => name)).toEqual(['account', 'customer_id', 'n']);
  });

  test('of a zod schema are those of its output', () => {
    const { columns } = ofSchema(
      z.object({
        id: z.string(),
        day: z.iso.date(),
        at: z.iso.datetime({ offset: true }).nullable(),
        born: z.coerce.date(),
        count: z.int().optional(),
        share: z.string().transform(Number).pipe(z.number()),
        length: z.string().transform((text) => text.length),
        kind: z.enum(['a', 'b']),
        tags: z.array(z.string()),
        either: z.union([z.string(), z.number()]),
      }),
    );
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id text',
      'day date',
      'at timestamp',
      'born timestamp',
      'count integer',
      'share number',
      'length json',
      'kind text',
      'tags json',
      'either json',
    ]);
  });
});

describe('parse', () => {
  const { parse } = compiled();

  test('takes a record, keeps what the schema does not know, and adds nothing', () => {
    const record = { id: 'a', amount: 1, rate: null, extra: { b: [1] } };
    expect(parse(record)).toEqual({ value: record });
  });

  test.each<[unknown, string, string]>([
    [null, '', 'expected object, found null'],
    [[], '', 'expected object, found array'],
    ['canary', '', 'expected object, found string'],
    [{ id: 'canary' }, 'amount', 'expected number, found nothing'],
    [{ id: 5, amount: 1 }, 'id', 'expected string, found number'],
    [{ id: null, amount: 1 }, 'id', 'expected string, found null'],
    [{ id: 'a', amount: 1.5 }, 'amount', 'expected integer, found a fraction'],
    [{ id: 'a', amount: 'canary' }, 'amount', 'expected number, found string'],
    [{ id: 'a', amount: '1.5' }, 'amount', 'expected number, found string'],
    [{ id: 'a', amount: -6 }, 'amount', 'expected at least -5, found less'],
    [{ id: 'a', amount: '-6' }, 'amount', 'expected at least -5, found less'],
    [{ id: 'a', amount: 1, rate: 'canary' }, 'rate', 'expected number or null, found string'],
    [{ id: 'a', amount: 1, rate: Infinity }, 'rate', 'expected number or null, found a number too large'],
    [{ id: 'a', amount: 1, state: 'canary' }, 'state', 'expected one of the allowed values, found another string'],
    [
      { id: 'a', amount: 1, updated_at: 'canary' },
      'updated_at',
      'expected a time with its zone such as 2026-01-02T03:04:05Z, found another string; say under `times` how it is written',
    ],
    [{ id: 'a', amount: 1, note: 'canary' }, 'note', 'expected at most 3 characters, found more'],
    [{ id: 'a', amount: 1, lines: [{}, { price: 'canary' }] }, 'lines.1.price', 'expected number, found string'],
  ])('refuses %j', (record, path, reason) => {
    expect(parse(record)).toEqual({ mismatch: { path, reason } });
  });

  test('names an unknown field only where the schema forbids it', () => {
    const closed = ofSchema({ type: 'object', properties: { id: { type: 'string' } }, additionalProperties: false });
    expect(closed.parse({ id: 'a', extra: 'canary' })).toEqual({
      mismatch: { path: 'extra', reason: 'expected no such field: the schema allows no others' },
    });
  });

  test.each([[undefined], [null]])('wants a value for the primary key, not %s', (id) => {
    const loose = ofSchema({ type: 'object', properties: { id: { type: ['string', 'null'] } } });
    expect(loose.parse({ id })).toEqual({
      mismatch: {
        path: 'id',
        reason: `expected a value for the primary key, found ${id === null ? 'null' : 'nothing'}`,
      },
    });
  });

  test.each([
    ['{"id":"a","amount":9007199254740993}', { amount: '9007199254740993' }],
    ['{"id":"a","amount":-4,"rate":0.12345678901234567890}', { amount: -4, rate: '0.12345678901234567890' }],
    ['{"id":"a","amount":"12"}', { amount: '12' }],
    [
      '{"id":"a","amount":1,"lines":[{"price":12345678901234567890.5}]}',
      { lines: [{ price: '12345678901234567890.5' }] },
    ],
  ])('keeps the exact numbers of %s', (text, kept) => {
    const record = parseJson(text) as Record<string, unknown>;
    expect(parse(record)).toMatchObject({ value: kept });
  });

  test('keeps them in lists and objects that may be null, too', () => {
    const maybe = (type: string, of: object): object => ({ type: [type, 'null'], ...of });
    const price = { price: { type: ['number', 'null'] } };
    const { parse: parseNullable } = defineStream({
      schema: {
        type: 'object',
        properties: {
          id: { type: 'string' },
          lines: maybe('array', { items: maybe('object', { properties: price }) }),
          total: maybe('object', { properties: price }),
        },
      },
    });
    const text = '{"id":"a","lines":[{"price":12345678901234567890.5},null],"total":{"price":0.12345678901234567890}}';
    expect(parseNullable(parseJson(text) as Record<string, unknown>)).toEqual({
      value: {
        id: 'a',
        lines: [{ price: '12345678901234567890.5' }, null],
        total: { price: '0.12345678901234567890' },
      },
    });
    const wrong = '{"id":"a","lines":[{"price":12345678901234567890.5},{"price":true}]}';
    expect(parseNullable(parseJson(wrong) as Record<string, unknown>)).toMatchObject({
      mismatch: { path: expect.stringMatching(/^lines/) },
    });
  });

  test('still finds what else is wrong beside an exact number', () => {
    const record = parseJson('{"id":5,"amount":9007199254740993,"lines":[{"price":12345678901234567890}]}');
    expect(parse(record)).toEqual({ mismatch: { path: 'id', reason: 'expected string, found number' } });
  });

  test('does not change the record it is given', () => {
    const record = Object.freeze({ id: 'a', amount: '9007199254740993' });
    expect(parse(record)).toEqual({ value: { id: 'a', amount: '9007199254740993' } });
  });

  test('of a zod schema keeps unknown fields, exact numbers, and what its transforms make', () => {
    const { parse } = ofSchema(
      z.object({
        id: z.string(),
        big: z.int(),
        cents: z.number().transform((euros) => euros * 100),
        name: z.string().transform((text) => text.trim()),
        share: z.string().transform(Number).pipe(z.number()),
      }),
    );
    expect(parse({ id: 'a', big: '9007199254740993', cents: '2', name: ' x ', share: '0.5', more: 1 })).toEqual({
      value: { id: 'a', big: '9007199254740993', cents: 200, name: 'x', share: 0.5, more: 1 },
    });
  });

  test('of a strict zod schema refuses unknown fields, and never tells the message of a rule', () => {
    const { parse } = ofSchema(
      z.strictObject({
        id: z.string().refine((text) => text !== 'canary', { error: (issue) => `not ${String(issue.input)}` }),
      }),
    );
    expect(parse({ id: 'a', more: 1 })).toHaveProperty('mismatch.path', 'more');
    expect(parse({ id: 'canary' })).toEqual({ mismatch: { path: 'id', reason: 'breaks a rule of the schema' } });
  });

  test('reads the definitions of draft 7 and of 2020-12', () => {
    for (const keyword of ['$defs', 'definitions'])
      expect(reference(keyword).parse({ id: 5 })).toHaveProperty('mismatch.path', 'id');
  });
});

describe('definitionVersion', () => {
  const { definitionVersion } = compiled();

  test('is 16 hex digits', () => {
    expect(definitionVersion).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, Partial<Stream>, Partial<PartnerInput>]>([
    ['a token', {}, { auth: { type: 'bearer', token: 'other' } }],
    ['a header’s value', { headers: {} }, {}],
    ['limits', {}, { limits: { rate: 5 } }],
    ['the grant', {}, { grant: { requests: 5 } }],
    ['retries', {}, { retry: { attempts: 2 } }],
    ['the lane', { lane: 'critical' }, {}],
    ['the history', { history: { validFrom: 'received' } }, {}],
    ['the error budget', { errorBudget: { count: 5 } }, {}],
    ['the host', {}, { baseUrl: 'https://eu.example/v1' }],
    ['the order of keys', Object.fromEntries(Object.entries(order).toReversed()) as Partial<Stream>, {}],
  ])('stays when %s changes', (_what, stream, top) => {
    expect(compiled(stream, top).definitionVersion).toBe(definitionVersion);
  });

  test.each<[string, Partial<Stream>, Partial<PartnerInput>]>([
    ['the path', { path: '/v2/orders' }, {}],
    ['the base path', {}, { baseUrl: 'https://api.example/v2' }],
    ['a query parameter', { query: { limit: 5 } }, {}],
    ['a header’s name', { headers: { accept: 'x' } }, {}],
    ['the key', { primaryKey: ['id', 'sequence'] }, {}],
    ['the schema', { schema: { type: 'object', properties: { id: { type: 'string' } } }, version: [] }, {}],
    ['a function', { pagination: { type: 'function', as: 'c', next: () => null } }, {}],
  ])('changes with %s', (_what, stream, top) => {
    expect(compiled(stream, top).definitionVersion).not.toBe(definitionVersion);
  });

  test('does not change with a header’s value, and tells functions apart by their text', () => {
    expect(compiled({ headers: { a: '1' } }).definitionVersion).toBe(
      compiled({ headers: { A: '2' } }).definitionVersion,
    );
    const paged = (next: () => string | null): string =>
      compiled({ pagination: { type: 'function', as: 'c', next } }).definitionVersion;
    expect(paged(() => null)).not.toBe(paged(() => 'x'));
  });
});

test('compilePartner compiles every stream, and compileStream names the one that was meant', () => {
  const acme = partner.parse({
    name: 'acme',
    baseUrl: 'https://api.example',
    streams: { orders: order, refunds: order },
  });
  expect([...compilePartner(acme, plainNames).keys()]).toEqual(['orders', 'refunds']);
  expect(() => compileStream(acme, 'order', plainNames)).toThrow(
    'partner acme has no stream "order"; did you mean "orders"?',
  );
  expect(() => compileStream(acme, 'toString', plainNames)).toThrow('its streams are orders, refunds');
});
