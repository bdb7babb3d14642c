import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { checkRenames } from '../../definitions/check-renames.ts';
import { columnsOf } from '../../definitions/columns.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import { jsonSchemaProblems } from '../../definitions/json-schema-problems.ts';
import type { JsonSchema } from '../../definitions/json-schema.ts';
import { recordSchema } from '../../definitions/record-schema.ts';
import { byNewNames } from '../../records/by-new-names.ts';
import { exactJson } from '../../core/exact-numbers.ts';
import { parseJson } from '../../core/json.ts';

const number = { type: 'number' };
const object = (properties: Record<string, unknown>): JsonSchema => ({ type: 'object', properties });
const stream = { primaryKey: [], version: [], flatten: ['address'] } as unknown as StreamDefinition;
const says = (json: JsonSchema): string[] => checkRenames(stream, json, []).map((problem) => problem.says);

describe('older names of fields', () => {
  test.each<[string, JsonSchema, RegExp]>([
    [
      'two that change names with each other',
      object({ a: { ...number, was: 'b' }, b: { ...number, was: 'a' } }),
      /"b" is a field of the schema itself, .*take a new name for one of them first/,
    ],
    ['the name that it has', object({ a: { ...number, was: 'a' } }), /"a" is its present name/],
    [
      'one name of two fields',
      object({ a: { ...number, was: 'c' }, b: { ...number, was: ['d', 'c'] } }),
      /"c" is said to be the old name of \w as well/,
    ],
    ['a field inside JSON', object({ a: object({ b: { ...number, was: 'c' } }) }), /"a.b" has no column of its own/],
    [
      'a field inside a list',
      object({ a: { type: 'array', items: object({ b: { ...number, was: 'c' } }) } }),
      /"a\.\*\.b" has no column/,
    ],
    [
      'a column of another field',
      object({ address_city: number, address: object({ town: { ...number, was: 'city' } }) }),
      /column "address_city" is the one of address_city as well/,
    ],
  ])('refuses %s', (_, json, expected) => {
    expect(says(json)).toContainEqual(expect.stringMatching(expected));
  });

  test('takes chains, objects that are flattened, and a field that is called so', () => {
    const json = object({
      a: { ...number, was: ['b', 'c'] },
      was: number,
      address: { ...(object({ city: { ...number, was: 'town' } }) as object), was: 'addr' },
    });
    expect(says(json)).toEqual([]);
    expect(columnsOf(stream, json).map(({ name, was }) => [name, was])).toEqual([
      ['a', ['b', 'c']],
      ['was', undefined],
      ['address_city', ['addr_city', 'address_town', 'addr_town']],
    ]);
  });

  test('in zod are said by meta', () => {
    const schema = z.object({
      a: z.number().nullable().meta({ was: 'b' }),
      c: z.number().meta({ was: 'd' }).optional(),
    });
    const { json } = recordSchema(schema);
    expect(columnsOf({ ...stream, schema }, json).map(({ was }) => was)).toEqual([['b'], ['d']]);
  });

  test('are names', () => {
    expect(jsonSchemaProblems(object({ a: { ...number, was: 7 } }), [])).toMatchObject([
      { path: ['properties', 'a', 'was'], says: expect.stringContaining('expected the name') },
    ]);
  });
});

describe('a record by its new names', () => {
  const aliases = [
    { path: ['a'], was: ['b', 'c'] },
    { path: ['o', 'x'], was: ['y'] },
  ];
  test.each([
    ['{"c":1}', '{"a":1}'],
    ['{"c":1,"b":null}', '{"c":1,"a":null}'],
    ['{"a":null,"b":2}', '{"a":null,"b":2}'],
    ['{"b":12345678901234567890,"c":0.1234567890123456789}', '{"c":0.1234567890123456789,"a":12345678901234567890}'],
    ['{"o":{"y":12345678901234567890}}', '{"o":{"x":12345678901234567890}}'],
    ['{"o":[{"y":1}],"b":{"b":1}}', '{"o":[{"y":1}],"a":{"b":1}}'],
    ['{"o":null}', '{"o":null}'],
    ['[]', '[]'],
  ])('%s', (came, expected) => {
    const record = parseJson(came);
    const before = exactJson(record, record);
    const made = byNewNames(record, aliases);
    expect(exactJson(made, made)).toBe(expected);
    expect(exactJson(record, record)).toBe(before);
  });
});
