import { describe, expect, test } from '@jest/globals';
import { anything, array, assert, constantFrom, dictionary, jsonValue, oneof, property, record } from 'fast-check';
import { z } from 'zod';
import { fromJson } from '../../definitions/record-schema.ts';
import { quickCheck } from '../../definitions/quick-check.ts';

const types = ['string', 'integer', 'number', 'boolean', 'null', 'object', 'array'] as const;
const field = oneof(
  record({ type: constantFrom(...types) }),
  record({ type: constantFrom('string', 'null'), format: constantFrom('date-time') }),
  record({ type: array(constantFrom(...types), { minLength: 1, maxLength: 3 }) }),
  record({}),
);
const names = constantFrom('a', 'b', 'c', 'toString');
const schemas = record({
  type: constantFrom('object' as const),
  properties: dictionary(names, field),
  required: array(names, { maxLength: 2 }),
});
const values = oneof(
  jsonValue(),
  constantFrom<unknown>(
    '2026-01-28T03:04:05Z',
    '2026-02-30T03:04:05.123Z',
    '2026-01-28 03:04:05',
    '2026-01-28 03:04:05.5+0000',
    '2026-02-29T03:04-08',
    '2028-02-29T03:04+24:00',
    1.5,
    2 ** 60,
    -0,
    null,
  ),
);

describe('quickCheck', () => {
  test('never says of a record that it fits when zod says that it does not, or makes something else of it', () => {
    let agreed = 0;
    assert(
      property(schemas, dictionary(names, values), (schema, value) => {
        if (quickCheck(schema)?.(value) !== true) return;
        agreed += 1;
        const parsed = fromJson(schema).safeParse(value);
        expect(parsed.success).toBe(true);
        expect(parsed.data).toEqual(value);
      }),
      { numRuns: 4000 },
    );
    expect(agreed).toBeGreaterThan(300);
  });

  test.each([
    '2024-01-29T10:44:51.887-0800',
    '2024-01-29 18:44:52.000+00',
    '2024-02-29T18:44Z',
    '2024-02-29t18:44:01z',
    '2023-02-29T18:44:01Z',
    '2024-01-29T18:44:52',
    '2024-01-29T18:60:52Z',
    '0000-01-29T18:44:52Z',
    '2024-01-29',
    '',
  ])('agrees with the whole check on a time: %j', (at) => {
    const schema = { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } };
    expect(quickCheck(schema)?.({ at })).toBe(fromJson(schema).safeParse({ at }).success);
  });

  test('takes no other thing for a record', () => {
    const check = quickCheck({ type: 'object', properties: { a: { type: 'string' } } });
    assert(
      property(
        anything(),
        (value) => check?.(value) !== true || z.fromJSONSchema({ type: 'object' }).safeParse(value).success,
      ),
    );
    for (const value of [null, [], 'a', undefined, 1]) expect(check?.(value)).toBe(false);
  });

  test.each([
    ['a pattern', { type: 'object', properties: { a: { type: 'string', pattern: '^x' } } }],
    ['a range', { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } }],
    ['another format', { type: 'object', properties: { a: { type: 'string', format: 'email' } } }],
    ['choices', { type: 'object', properties: { a: { enum: ['x'] } } }],
    ['a reference', { type: 'object', properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } }],
    ['no more fields', { type: 'object', properties: {}, additionalProperties: false }],
    ['the same inside', { type: 'object', properties: { a: { type: 'object', properties: { b: { minLength: 1 } } } } }],
    ['another type', { type: 'array' }],
  ])('leaves a schema that says more than this can tell to zod: %s', (_what, schema) => {
    expect(quickCheck(schema)).toBeUndefined();
  });

  test('looks into objects inside', () => {
    const inner = { type: 'object', required: ['b'], properties: { b: { type: 'integer' } } };
    const check = quickCheck({ type: 'object', properties: { a: inner } });
    expect([{ a: { b: 1 } }, {}, { a: { b: 'x' } }, { a: {} }].map((value) => check?.(value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
