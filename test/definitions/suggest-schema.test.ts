import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, dictionary, jsonValue, property } from 'fast-check';
import { parse } from 'yaml';
import { parseJson } from '../../core/json.ts';
import { checkPartner } from '../../definitions/check.ts';
import { partner as partnerSchema, type StreamDefinition } from '../../definitions/definition.ts';
import { recordParser } from '../../definitions/parse-record.ts';
import { recordSchema } from '../../definitions/record-schema.ts';
import { schemaYaml, suggestSchema, zonelessFields } from '../../definitions/suggest-schema.ts';

const partnerOf = (schema: object, more: object = {}) =>
  partnerSchema.parse({
    name: 'acme',
    baseUrl: 'https://api.acme.example',
    streams: { orders: { path: '/orders', disposition: 'append', schema, ...more } },
  });
const streamOf = (more: object = {}): StreamDefinition =>
  partnerOf({ type: 'object' }, more).streams['orders'] as StreamDefinition;

describe('a suggested schema', () => {
  test('has times without a zone as texts, and names them, until the definition says the zone', () => {
    const records = [
      { at: '2026-11-24 09:00:00', on: '2026-11-24', mixed: '2026-11-24 09:00' },
      { at: null, mixed: 'soon' },
    ];
    expect(suggestSchema(streamOf(), records).properties['at']).toEqual({ type: ['string', 'null'] });
    expect(zonelessFields(streamOf(), records)).toEqual(['at']);
    const schema = { type: 'object', properties: { at: { type: ['string', 'null'], format: 'date-time' } } };
    const stream = partnerOf(schema, { times: { at: { zone: 'UTC' } } }).streams['orders'] as StreamDefinition;
    expect(suggestSchema(stream, records).properties['at']).toEqual({ format: 'date-time', type: ['string', 'null'] });
    expect(zonelessFields(stream, records)).toEqual([]);
  });

  test('has the narrowest type of each field, null where it was, and requires what the stream relies on', () => {
    const records = [
      {
        id: 'a',
        updated_at: '2026-11-24T09:00:00Z',
        day: '2026-11-24',
        n: 1,
        x: 1,
        ok: true,
        tags: [],
        of: {},
        note: null,
      },
      {
        id: 'b',
        updated_at: '2026-11-24T09:00:00.5+01:00',
        day: '2026-02-28',
        n: 2,
        x: 1.5,
        ok: false,
        tags: [1],
        of: { a: 1 },
      },
    ];
    const stream = streamOf({ primaryKey: ['id'], version: ['updated_at'] });
    expect(suggestSchema(stream, records)).toEqual({
      type: 'object',
      required: ['id', 'updated_at'],
      properties: {
        id: { type: 'string' },
        updated_at: { type: 'string', format: 'date-time' },
        day: { type: 'string', format: 'date' },
        n: { type: 'integer' },
        x: { type: 'number' },
        ok: { type: 'boolean' },
        tags: { type: 'array' },
        of: { type: 'object' },
        note: {},
      },
    });
  });

  test.each([
    ['null beside a value', [{ v: null }, { v: 'x' }], { type: ['string', 'null'] }],
    ['a field that only some have', [{}, { v: 3 }], { type: 'integer' }],
    ['kinds that differ', [{ v: 1 }, { v: 'x' }], {}],
    ['a day that no month has', [{ v: '2026-02-31' }], { type: 'string' }],
    ['digits that no double holds', [parseJson('{"v":1}'), parseJson('{"v":9007199254740993}')], { type: 'integer' }],
    ['more than 64 bits', [{ v: 1 }, { v: 1e300 }], { type: 'number' }],
    ['fractions that no double holds', [parseJson('{"v":0.12345678901234567891}'), { v: 2 }], { type: 'number' }],
  ])('%s', (_, records, expected) => {
    expect(suggestSchema(streamOf(), records).properties['v']).toEqual(expected);
  });

  test('leaves to _extra what cannot be a column, and describes a key inside an object', () => {
    const records = [{ _run: 1, xmin: 2, Name: 'a', name: 'b', customer: { id: 7, more: 1 } }];
    const stream = streamOf({ primaryKey: ['customer.id'] });
    expect(suggestSchema(stream, records)).toEqual({
      type: 'object',
      required: ['customer'],
      properties: {
        Name: { type: 'string' },
        customer: { type: 'object', properties: { id: { type: 'integer' } } },
      },
    });
  });

  test('is written as a definition has it', () => {
    const schema = suggestSchema(streamOf({ primaryKey: ['id'] }), [{ id: 1, 'a: b': 'x', '007': null, n: 2 }]);
    expect(schemaYaml(schema)).toBe(
      [
        'schema:',
        '  type: object',
        '  required: [ id ]',
        '  properties:',
        '    id: { type: integer }',
        '    "a: b": { type: string }',
        '    "007": {}',
        '    n: { type: integer }',
        '',
      ].join('\n'),
    );
    expect(parse(schemaYaml(schema))).toEqual({ schema });
  });

  test('holds, and every record fits it, whatever came', () => {
    const names = constantFrom('id', 'a', 'A', 'b', '_event', 'ctid', 'ä', 'x.y', '__proto__', 'constructor');
    assert(
      property(array(dictionary(names, jsonValue({ maxDepth: 2 })), { maxLength: 8 }), (records) => {
        const schema = suggestSchema(streamOf(), records);
        expect(checkPartner(partnerOf(schema))).toEqual([]);
        const parse = recordParser(recordSchema(schema as never), []);
        for (const record of records) expect(parse(record)).toEqual({ value: record });
      }),
      { numRuns: 300 },
    );
  });
});
