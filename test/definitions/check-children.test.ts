import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './partner-files.ts';

const partner = (children: string, more = ''): string => `name: acme
baseUrl: https://api.acme.example
streams:
  orders:
    path: /orders
    primaryKey: [id]
    children: ${children}
    ${more}
    schema:
      type: object
      properties:
        id: { type: string }
        note: { type: string }
        texts: { type: array, items: { type: string } }
        items: { type: [array, 'null'], items: { $ref: '#/$defs/item' } }
        ids: { type: array, items: { type: object, properties: { orders_id: { type: string } } } }
        own: { type: array, items: { type: object, properties: { _position: { type: string } } } }
        deep: { type: object, properties: { items: { type: array, items: { $ref: '#/$defs/item' } } } }
      $defs:
        item: { type: object, properties: { sku: { type: string }, tags: { type: array } } }
`;

describe('children', () => {
  test.each([
    ['{ items: {} }', ''],
    ['{ items: { table: lines, key: [sku] }, deep.items: {} }', 'flatten: [deep]'],
  ])('%s are some', async (text, more) => {
    expect(await problemsOf(partner(text, more), {})).toEqual([]);
  });

  test.each([
    ['{ texts: {} }', 'expected an array of objects whose properties the schema names', ''],
    ['{ note: {} }', 'expected an array of objects', ''],
    ['{ item: {} }', 'expected an array of objects', ''],
    ['{ deep.items: {} }', 'flatten that object, so that the array has a column', ''],
    ['{ items: { key: [tags] } }', 'expected a field of its elements that is no JSON, found "tags"', ''],
    ['{ items: { key: [of] } }', 'found "of"', ''],
    ['{ own: {} }', 'column "_position" is one of our own', ''],
    ['{ ids: {} }', 'two columns "orders_id"', 'table: orders'],
    ['{ items: { table: orders } }', 'table "orders" is already the one of', ''],
    ['{ items: {} }', 'its transform leaves no array', 'transforms: { items: { drop: true } }'],
  ])('%s are none: %s', async (text, says, more) => {
    const problems = await problemsOf(partner(text, more), {});
    expect(JSON.stringify(problems).replaceAll(String.raw`\"`, '"')).toContain(says);
  });
});
