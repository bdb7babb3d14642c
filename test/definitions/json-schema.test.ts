import { describe, expect, test } from '@jest/globals';
import { columnType, fieldAt, fieldsOf, type JsonSchema } from '../../definitions/json-schema.ts';

const root: JsonSchema = {
  type: 'object',
  $defs: {
    money: { type: 'integer' },
    'a/b': { type: 'boolean' },
    node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } },
    loop: { $ref: '#/$defs/loop' },
  },
  properties: {},
};

describe('columnType', () => {
  test.each<[JsonSchema, string]>([
    [{ type: 'string' }, 'text'],
    [{ type: 'string', format: 'uuid' }, 'text'],
    [{ type: 'string', format: 'date-time' }, 'timestamp'],
    [{ type: 'string', format: 'date' }, 'date'],
    [{ type: 'integer' }, 'integer'],
    [{ type: 'number' }, 'number'],
    [{ type: 'boolean' }, 'boolean'],
    [{ type: 'object' }, 'json'],
    [{ type: 'array', items: { type: 'string' } }, 'json'],
    [{ type: ['string', 'null'] }, 'text'],
    [{ type: ['null', 'string'], format: 'date-time' }, 'timestamp'],
    [{ type: ['integer', 'number'] }, 'number'],
    [{ type: ['string', 'integer'] }, 'json'],
    [{ type: 'null' }, 'json'],
    [{}, 'json'],
    [true, 'json'],
    [{ enum: ['a', 'b'] }, 'text'],
    [{ enum: [1, 2, null] }, 'integer'],
    [{ enum: [1, 2.5] }, 'number'],
    [{ enum: [true, false] }, 'boolean'],
    [{ enum: ['a', 1] }, 'json'],
    [{ const: 'a' }, 'text'],
    [{ const: 1 }, 'integer'],
    [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, 'number'],
    [{ oneOf: [{ type: 'string' }, { type: 'string', format: 'date' }] }, 'text'],
    [{ oneOf: [{ type: 'string' }, { type: 'object' }] }, 'json'],
    [{ allOf: [{ $ref: '#/$defs/money' }, { description: 'in cents' }] }, 'integer'],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, 'json'],
    [{ $ref: '#/$defs/money' }, 'integer'],
    [{ $ref: '#/$defs/a~1b' }, 'boolean'],
    [{ $ref: '#/$defs/node' }, 'json'],
    [{ $ref: '#/$defs/loop' }, 'json'],
    [{ $ref: '#/$defs/absent' }, 'json'],
  ])('%j → %s', (schema, type) => {
    expect(columnType(schema, root)).toBe(type);
  });
});

describe('fieldsOf and fieldAt', () => {
  const record: JsonSchema = {
    $defs: {
      base: { type: 'object', properties: { id: { type: 'string' }, customer: { $ref: '#/$defs/customer' } } },
      customer: { type: 'object', properties: { id: { type: 'integer' } } },
    },
    allOf: [
      { $ref: '#/$defs/base' },
      { type: 'object', properties: { amount: { type: 'integer' }, 'a.b': { type: 'boolean' } } },
    ],
    anyOf: [{ type: 'object', properties: { amount: { type: 'number' } } }],
  };

  test('gather the fields of all branches, and a field of several is a union', () => {
    expect([...fieldsOf(record, record).keys()]).toEqual(['id', 'customer', 'amount', 'a.b']);
    expect(fieldAt(record, 'amount')?.type).toBe('number');
  });

  test.each([
    ['id', ['id'], 'text'],
    ['customer.id', ['customer', 'id'], 'integer'],
    ['a.b', ['a.b'], 'boolean'],
  ])('find %s', (name, path, type) => {
    expect(fieldAt(record, name)).toMatchObject({ path, type });
  });

  test.each(['name', 'customer.name', 'id.x'])('do not find %s', (name) => {
    expect(fieldAt(record, name)).toBeUndefined();
  });
});
