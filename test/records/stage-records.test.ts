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
      `{"id":"${'k'.repeat(601)}"}`,
      'id',
      /^expected a key of at most 600 characters, found 601$/,
      'k'.repeat(600),
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

  test('makes lone surrogates the replacement character, so that two keys are one where the database sees one', () => {
    const { records, lines } = stage(
      defineStream(),
      '{"id":"\\ud800","z":"\\ud800\\ud801\\udc00"}',
      '{"id":"\\udfff"}',
    );
    expect(records.map(({ key }) => key)).toEqual(['\ufffd', '\ufffd']);
    expect(lines[0]?.columns.at(-1)).toBe('{"z":"\ufffd\u{10400}"}');
  });

  test('stops the stream at the first record that does not fit when it is set to freeze', () => {
    const frozen = defineStream({ onMismatch: 'freeze' });
    expect(() => stage(frozen, '{"id":"a","v":"s3cret"}')).toThrow(NeedsAttention);
    expect(() => stage(frozen, '{"id":"a","v":"s3cret"}')).not.toThrow(/s3cret/);
  });
});
