import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { besideNames } from '../../core/field-names.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { defineStream } from '../support/define-stream.ts';
import { problemsOf } from './partner-files.ts';

const object = (properties: object, more: object = {}): Record<string, unknown> => ({
  type: 'object',
  properties,
  ...more,
});
const text = { type: 'string' };
const columnsOf = (properties: object, flatten: StreamInput['flatten'], more: object = {}): string[] =>
  defineStream({ primaryKey: ['id'], version: [], flatten, schema: object({ id: text, ...properties }, more) })
    .columns.map(({ name, type }) => `${name} ${type}`)
    .slice(1);

describe('flattened objects', () => {
  test.each<[string, object, StreamInput['flatten'], string[]]>([
    ['are those that are named', { a: object({ b: text }), c: object({ d: text }) }, ['a'], ['a_b text', 'c json']],
    ['or all', { a: object({ b: object({ c: { type: 'integer' } }) }) }, true, ['a_b_c integer']],
    ['but not inside, unless named', { a: object({ b: object({ c: text }) }) }, ['a'], ['a_b json']],
    ['may be null', { a: { anyOf: [object({ b: text }), { type: 'null' }] } }, true, ['a_b text']],
    ['and nothing else', { a: { anyOf: [object({ b: text }), text] } }, true, ['a json']],
    ['nor a list', { a: { type: 'array', items: object({ b: text }) } }, true, ['a json']],
    ['nor without fields', { a: { type: 'object' } }, true, ['a json']],
  ])('%s', (_, properties, flatten, columns) => {
    expect(columnsOf(properties, flatten)).toEqual(columns);
  });

  test('that hold themselves end somewhere, and those of zod are the same', () => {
    const $defs = { node: object({ name: text, next: { $ref: '#/$defs/node' } }) };
    const columns = columnsOf({ a: { $ref: '#/$defs/node' } }, true, { $defs });
    expect(columns.slice(0, 2)).toEqual(['a_name text', 'a_next_name text']);
    expect(columns.at(-1)).toMatch(/^a(_next)+ json$/);
    const schema = z.object({ id: z.string(), a: z.object({ b: z.number() }).nullable() });
    expect(defineStream({ version: [], flatten: true, schema }).columns.map(({ name }) => name)).toEqual(['id', 'a_b']);
  });

  test('keep the column of a key inside them once', () => {
    const stream = defineStream({
      primaryKey: ['a.id'],
      version: [],
      flatten: true,
      schema: object({ a: object({ id: text, b: text }) }),
    });
    expect(stream.columns.map(({ name }) => name)).toEqual(['a_id', 'a_b']);
  });

  test.each([
    ['[b]', { a: object({ b: text }) }, '"b" cannot be flattened: the schema has no such field'],
    ['[a]', { a: text }, '"a" cannot be flattened: it is no object whose properties the schema names'],
    ['true', { a: object({ b: text }), a_b: text }, 'two columns "a_b", of the fields a.b and a_b'],
    ['true', { a: object({ ['x'.repeat(70)]: text }) }, "the column's name has 72 bytes"],
  ])('%s of %j is an error: %s', async (flatten, properties, says) => {
    const schema = JSON.stringify(object({ id: text, ...properties }));
    const yaml = `name: acme\nbaseUrl: https://api.acme.example\nstreams:\n  o: { path: /o, primaryKey: [id], flatten: ${flatten}, schema: ${schema} }\n`;
    expect((await problemsOf(yaml, {})).join('\n')).toContain(says);
  });
});

test('what an object holds beside known names is found at any depth, whatever it is called', () => {
  const names = new Map([
    ['a', new Map([['b', null]])],
    ['c', null],
  ]);
  expect(besideNames({ a: { b: 1 }, c: { x: 1 } }, names)).toBeUndefined();
  expect(besideNames(JSON.parse('{"a":{"b":1,"d":2,"__proto__":3},"e":null}'), names)).toEqual(
    JSON.parse('{"a":{"d":2,"__proto__":3},"e":null}'),
  );
  expect(besideNames({ a: 'no object' }, names)).toBeUndefined();
});
