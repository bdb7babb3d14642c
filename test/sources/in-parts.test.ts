import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Position } from '../../core/page.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { inParts } from '../../sources/parts/in-parts.ts';
import { define } from '../http/support/definitions.ts';

const URL_ASKED = 'https://api.acme.example/v2/orders';

/** All records of a text, read in parts of that size, and how many parts there were. `again`: as if nobody held the answer. */
function readAll(
  given: Partial<StreamInput>,
  text: string,
  { size, again = false }: { size: number; again?: boolean },
) {
  const { partner, stream } = define(given);
  const source = inParts(partner, stream, size);
  let file = Buffer.from(text);
  const records: unknown[] = [];
  let parts = 0;
  let position: Position = { cursor: null, range: null, parents: [] };
  for (;;) {
    if (again) file = Buffer.from(text);
    const headers = { 'content-type': 'text/plain' };
    const answer = { status: 200, headers, text, bytes: file.length, url: URL_ASKED, files: [file] };
    const page = source.read(answer, position);
    records.push(...page.records);
    parts += 1;
    const { cursor } = page.next;
    if (cursor === null) return { records, parts };
    expect(source.continues?.({ ...position, cursor })).toBe(true);
    expect(source.request({ ...position, cursor })).toEqual(source.request(position));
    position = { ...position, cursor };
  }
}

const answerOf = (text: string) => ({
  status: 200,
  headers: {},
  text,
  bytes: text.length,
  url: URL_ASKED,
  files: [Buffer.from(text)],
});

const csv: Partial<StreamInput> = { format: 'csv' };
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

describe('a large answer', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ' ', '\\', '🙂'), maxLength: 12 });

  test('in lines of JSON has the same records in parts as whole', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 30 }),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        (values, size, again) => {
          const text = values.map((each, n) => `${JSON.stringify({ n, each })}\n`).join('');
          fc.pre(text !== '');
          const inOne = readAll({ format: 'ndjson' }, text, { size: 1e9 });
          expect(readAll({ format: 'ndjson' }, text, { size, again }).records).toEqual(inOne.records);
          expect(inOne).toMatchObject({ parts: 1, records: { length: values.length } });
        },
      ),
    );
  });

  test.each<[string, Partial<StreamInput>, string]>([
    ['with a header row', csv, 'n,each\n'],
    ['behind lines that are skipped', { format: { type: 'csv', skipLines: 2 } }, 'a report\n"of today\nn,each\n'],
    ['with columns of the definition', { format: { type: 'csv', columns: ['n', 'each'] } }, ''],
  ])('in CSV %s as well, whatever stands within quotes', (_, given, head) => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 200 }),
        (values, size) => {
          const text = head + values.map((each, n) => `${n},${quoted(each)}\n`).join('');
          const inOne = readAll(given, text, { size: 1e9 });
          expect(readAll(given, text, { size }).records).toEqual(inOne.records);
          expect(inOne.records).toHaveLength(values.length);
        },
      ),
    );
  });

  test('is cut where a line is JSON: one that is none goes into quarantine, wherever it stands', () => {
    const text = '{"n":1}\n{"n":2}\nbroken\n{"n":3}\n{"n":4}\n';
    for (let size = 1; size < text.length; size++)
      expect(readAll({ format: 'ndjson' }, text, { size }).records).toEqual([
        { n: 1 },
        { n: 2 },
        'broken',
        { n: 3 },
        { n: 4 },
      ]);
  });

  test('that is another one when it is asked for again begins anew', () => {
    const { partner, stream } = define({ format: 'ndjson' });
    const source = inParts(partner, stream, 10);
    const start: Position = { cursor: null, range: null, parents: [] };
    const { next } = source.read(answerOf('{"n":1}\n{"n":2}\n{"n":3}\n'), start);
    const further = { ...start, cursor: next.cursor };
    expect(source.read(answerOf('{"n":1}\n{"n":2}\n{"n":4}\n'), further).records).toHaveLength(1);
    for (const other of ['{"n":9}\n{"n":2}\n{"n":3}\n', '{"n":1}\n', '{"m":1}\n{"n":2}\n{"n":3}\n'])
      expect(() => source.read(answerOf(other), further)).toThrow('is another one when it is asked for again');
  });

  test('whose pages are counted, or are told of in the body, is read whole', () => {
    const text = '{"n":1}\n{"n":2}\n{"n":3}\n';
    for (const pagination of [
      { type: 'page', size: 100 },
      { type: 'keyset', field: 'n', as: 'after' },
    ] as const) {
      const { partner, stream } = define({ format: 'ndjson', pagination });
      const source = inParts(partner, stream, 5);
      expect(source.read(answerOf(text), { cursor: null, range: null, parents: [] }).records).toHaveLength(3);
    }
  });
});
