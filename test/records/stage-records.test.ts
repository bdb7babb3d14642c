import { describe, expect, test } from '@jest/globals';
import { receivedOf } from '../../records/received.ts';
import { stageRecords, type Staged } from '../../records/stage-records.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import type { LineOf } from '../../core/staged.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { defineStream } from '../support/define-stream.ts';

/** The lines are what the warehouse was given to write. */
function stage(stream: CompiledStream, ...payloads: string[]): Staged & { readonly lines: readonly LineOf[] } {
  const lines: LineOf[] = [];
  const received = payloads.map((payload) => ({ payload, ascii: false, record: parseJson(payload) }));
  return {
    ...stageRecords(stream, received, {
      add: (line) => {
        const { ordinal, key, version, hash } = line;
        return { ordinal, key, version, hash, line: lines.push(line) - 1 };
      },
    }),
    lines,
  };
}

const numbered = defineStream({
  primaryKey: ['id', 'at'],
  version: [],
  schema: {
    type: 'object',
    required: ['id', 'at'],
    properties: { id: { type: 'number' }, at: { type: 'string', format: 'date-time' }, n: { type: 'integer' } },
  },
});

describe('stageRecords', () => {
  test('works out all that the warehouse needs, and keeps the text as it came', () => {
    const payload = '{ "v":7, "id":"o1" , "other": {"b":1.50}, "text":null}';
    const { records, rejected, lines } = stage(defineStream(), payload);
    expect(rejected).toEqual([]);
    const staged = { ordinal: 0, key: 'o1', version: '00000000000000000007' };
    expect(records).toEqual([expect.objectContaining({ ...staged, line: 0 })]);
    expect(lines).toEqual([
      expect.objectContaining({ ...staged, payload, columns: ['o1', '7', null, '{"other":{"b":1.5}}'] }),
    ]);
  });

  test('gives one hash to one content, in whatever order and spacing it comes', () => {
    const { records } = stage(defineStream(), '{"id":"a","v":1}', '{ "v": 1.0, "id": "a" }', '{"id":"a","v":2}');
    const [a, b, c] = records.map((record) => record.hash);
    expect(a).toMatch(/^[\da-f]{32}$/);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });

  test('gives one key to one value, however it is written', () => {
    const { records, lines } = stage(
      numbered,
      '{"id":1.0,"at":"2026-01-01T00:00:00Z"}',
      '{"id":1,"at":"2026-01-01T01:00:00.000+01:00"}',
      '{"id":1.00000000000000000,"at":"2026-01-01T00:00:00.0000001Z"}',
    );
    expect(records.map(({ key }) => key)).toEqual(Array(3).fill('["1","2026-01-01T00:00:00.000000Z"]'));
    expect(lines.map(({ columns }) => columns[1])).toEqual(Array(3).fill('2026-01-01T00:00:00.000000Z'));
  });

  test('keeps long numbers to the last digit', () => {
    const { lines } = stage(
      numbered,
      '{"id":0.12345678901234567890,"at":"2026-01-01T00:00:00Z","n":9223372036854775807}',
    );
    expect(lines[0]?.columns[0]).toBe('0.1234567890123456789');
    expect(lines[0]?.columns[2]).toBe('9223372036854775807');
  });

  test.each([
    ['a wrong type', '{"id":"a","v":"seven"}', 'v', /^expected .*, found string$/, 'a'],
    ['no key', '{"v":1}', 'id', /^expected/, null],
    ['a key that is null', '{"id":null}', 'id', /^expected/, null],
    ['an integer beyond 64 bits', '{"id":"a","v":9223372036854775808}', 'v', /64 bits/, 'a'],
    ['a NUL in a column', '{"id":"a","text":"x\\u0000y"}', 'text', /NUL/, 'a'],
    ['a NUL in the key', '{"id":"a\\u0000"}', 'id', /NUL/, null],
    ['a NUL in an unknown field', '{"id":"a","z":["\\u0000"]}', 'z', /NUL/, 'a'],
    [
      'a long key',
      `{"id":"${'k'.repeat(2689)}"}`,
      'id',
      /^expected a key of at most 2688 bytes, found 2689: PostgreSQL's index takes no more$/,
      'k'.repeat(600),
    ],
    [
      'a key of long letters',
      `{"id":"${'ж'.repeat(1345)}"}`,
      'id',
      /^expected a key of at most 2688 bytes, found 2690/,
      'ж'.repeat(600),
    ],
    ['half a letter in the key', String.raw`{"id":"a\ud800"}`, 'id', /^the key holds half of a surrogate pair/, null],
    [
      'names that UTF-8 cannot tell apart',
      String.raw`{"id":"a","z":{"\ud800":1,"\ud801":2}}`,
      'z',
      /^two names differ only in halves of surrogate pairs/,
      'a',
    ],
    ['something that is no record', '"o1"', '', /^expected/, null],
    ['an array', '[1]', '', /^expected/, null],
    [
      'what is nested too deeply',
      `{"id":"a","z":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
      '',
      /^nested too deeply$/,
      null,
    ],
  ])('puts %s aside with the reason', (_what, payload, path, reason, key) => {
    const { records, rejected } = stage(defineStream(), payload, '{"id":"good"}');
    expect(records.map((record) => [record.key, record.ordinal])).toEqual([['good', 1]]);
    expect(rejected).toEqual([
      {
        ordinal: 0,
        key,
        path,
        reason: expect.stringMatching(reason),
        hash: expect.stringMatching(/^[\da-f]{32}$/),
        payload,
      },
    ]);
  });

  test('never says the value in a reason', () => {
    const { rejected } = stage(defineStream(), '{"id":"a","v":"s3cret"}', '{"id":"a","text":{"s3cret":1}}');
    expect(rejected).toHaveLength(2);
    for (const { reason, path } of rejected) expect(`${reason} ${path}`).not.toContain('s3cret');
  });

  test('holds a malformed record back, whatever the schema says', () => {
    const { definition } = defineStream();
    const page = { stream: defineStream({ schema: {} }), text: '', ascii: true, exactAt: undefined, parents: [] };
    const received = receivedOf({
      ...page,
      records: [{ id: 'a' }, ['b']],
      faults: new Map([[1, 'expected 2 values']]),
    });
    const { rejected } = stageRecords({ ...page.stream, definition }, received, {
      add: (line) => ({ ...line, line: 0 }),
    });
    expect(rejected).toEqual([
      { ordinal: 1, key: null, path: '', reason: 'expected 2 values', hash: expect.any(String), payload: '["b"]' },
    ]);
  });

  test('keeps a field named __proto__', () => {
    const { lines } = stage(defineStream(), '{"id":"a","__proto__":{"x":1}}');
    expect(lines[0]?.columns.at(-1)).toBe('{"__proto__":{"x":1}}');
  });

  test('makes lone surrogates the replacement character, but for keys: two of them would be one', () => {
    const { lines } = stage(defineStream(), '{"id":"a","z":"\\ud800\\ud801\\udc00","\\udfff":1}');
    expect(lines[0]?.columns.at(-1)).toBe('{"z":"\ufffd\u{10400}","\ufffd":1}');
    const { rejected } = stage(defineStream(), '{"id":"\\ud800"}', '{"id":"\\ud801"}');
    expect(new Set(rejected.map(({ hash }) => hash)).size).toBe(2);
  });

  test.each([
    ['700 characters', 'k'.repeat(700)],
    ['as much as an index of PostgreSQL takes', 'k'.repeat(2688)],
    ['long letters', 'ж'.repeat(1344)],
  ])('takes a key of %s', (_what, id) => {
    expect(stage(defineStream(), JSON.stringify({ id })).records.map(({ key }) => key)).toEqual([id]);
  });

  test('names the longest part of a key that is too long', () => {
    const stream = defineStream({
      primaryKey: ['n', 'a', 'b'],
      schema: {
        type: 'object',
        properties: { n: { type: 'integer' }, a: { type: 'string' }, b: { type: 'string' }, v: { type: 'integer' } },
      },
    });
    const payload = JSON.stringify({ n: 1, a: 'a'.repeat(1300), b: 'b'.repeat(1500) });
    expect(stage(stream, payload).rejected).toMatchObject([{ path: 'b' }]);
    expect(stage(stream, payload.replace('b'.repeat(400), '')).rejected).toEqual([]);
  });

  test.each([
    '9007199254740993',
    '1e400',
    '-1e-400',
    '0.1234567890123456789',
    '12345678901234567890123',
    '1.50000000000000000000000001',
  ])('writes the number %s as a number wherever it stands', (n) => {
    const stream = defineStream({
      version: [],
      schema: {
        type: 'object',
        properties: { id: { type: 'string' }, n: { type: 'number' }, j: { type: 'object' }, any: {} },
      },
    });
    const payload = `{"id":"a","n":${n},"j":{"n":${n},"s":"${n}","a":[1,${n},{"x":${n}}]},"any":${n},"x":${n},"y":"${n}","z":{"é\\n":[${n}]}}`;
    const { lines, rejected } = stage(stream, payload);
    expect(rejected).toEqual([]);
    expect(lines[0]?.columns).toEqual([
      'a',
      n,
      `{"n":${n},"s":"${n}","a":[1,${n},{"x":${n}}]}`,
      n,
      `{"x":${n},"y":"${n}","z":{"é\\n":[${n}]}}`,
    ]);
    expect(lines[0]?.payload).toBe(payload);
  });

  describe('a field whose name every object inherits', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__', '__defineGetter__'];
    test.each(names)('%s is a field like any other: in a column, a key, a version, an object and _extra', (name) => {
      const text = (value: unknown): string => `{"id":"a",${JSON.stringify(name)}:${JSON.stringify(value)}}`;
      const of = (schema: unknown, primaryKey = ['id'], version: string[] = []): CompiledStream =>
        defineStream({
          primaryKey,
          version,
          schema: JSON.parse(
            `{"type":"object","required":["id"],"properties":{"id":{"type":"string"},${JSON.stringify(name)}:${JSON.stringify(schema)}}}`,
          ) as never,
        });
      for (const schema of [{ type: 'string' }, {}, { type: ['string', 'null'] }]) {
        const json = Object.keys(schema).length === 0;
        const { lines, rejected } = stage(of(schema), text('Acme'), '{"id":"b"}');
        expect(rejected).toEqual([]);
        expect(lines.map(({ columns }) => columns)).toEqual([
          ['a', json ? '"Acme"' : 'Acme', null],
          ['b', null, null],
        ]);
      }
      expect(stage(of({ type: 'string' }), text(1)).rejected).toMatchObject([
        { path: name, reason: 'expected string, found number' },
      ]);
      const keyed = stage(of({ type: 'integer' }, [name], [name]), text(7), '{"id":"b"}');
      expect(keyed.records).toMatchObject([{ key: '7', version: '00000000000000000007' }]);
      expect(keyed.rejected).toMatchObject([{ path: name }]);
      const inside = of(
        { type: 'object', properties: JSON.parse(`{${JSON.stringify(name)}:{"type":"integer"}}`) as object },
        [`${name}.${name}`],
      );
      expect(stage(inside, text(JSON.parse(`{${JSON.stringify(name)}:7}`)), text({})).records).toMatchObject([
        { key: '7' },
      ]);
      expect(stage(defineStream(), text([1])).lines[0]?.columns.at(-1)).toBe(`{${JSON.stringify(name)}:[1]}`);
    });
  });

  test('stops the stream at the first record that does not fit when it is set to freeze', () => {
    const frozen = defineStream({ onMismatch: 'freeze' });
    expect(() => stage(frozen, '{"id":"a","v":"s3cret"}')).toThrow(NeedsAttention);
    expect(() => stage(frozen, '{"id":"a","v":"s3cret"}')).not.toThrow(/s3cret/);
  });
});
