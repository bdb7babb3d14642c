import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { sliceable } from '../../core/large-bytes.ts';
import type { Position } from '../../core/page.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { inParts } from '../../sources/parts/in-parts.ts';
import { define } from '../http/support/definitions.ts';

const URL_ASKED = 'https://api.acme.example/v2/orders';

interface How {
  /** Of a part, in bytes. */
  readonly size: number;
  /** As if nobody held the answer. */
  readonly again?: boolean;
  /** As bytes that are not in memory. */
  readonly large?: boolean;
  readonly type?: string;
}

/** All records of a text, or of files, read in parts, and how many parts there were. */
function readAll(
  given: Partial<StreamInput>,
  text: string | readonly Buffer[],
  { size, again = false, large = false, type = 'text/plain' }: How,
) {
  const { partner, stream } = define(given);
  const source = inParts(partner, stream, size);
  const made = (): readonly Buffer[] =>
    typeof text === 'string' ? [Buffer.from(text)] : text.map((file) => Buffer.from(file));
  const asGiven = (files: readonly Buffer[]) => (large ? { large: files.map(sliceable) } : { files });
  let files = asGiven(made());
  const records: unknown[] = [];
  let parts = 0;
  let position: Position = { cursor: null, range: null, parents: [] };
  for (;;) {
    if (again) files = asGiven(made());
    const headers = { 'content-type': type };
    const answer = { status: 200, headers, text: String(text), bytes: 1, url: URL_ASKED, ...files };
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
        fc.boolean(),
        (values, size, again, large) => {
          const text = values.map((each, n) => `${JSON.stringify({ n, each })}\n`).join('');
          fc.pre(text !== '');
          const inOne = readAll({ format: 'ndjson' }, text, { size: 1e9 });
          expect(readAll({ format: 'ndjson' }, text, { size, again, large }).records).toEqual(inOne.records);
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

  test.each([
    ['latin1', 'text/plain', [0xe9]],
    [undefined, 'text/plain; charset=windows-1252', [0xe9]],
    [undefined, 'text/plain', [0xc3, 0xa9]],
    [undefined, 'text/plain; charset=iso-8859-1', [0xc3, 0xa9]],
    // Its bytes may be those of a quote or of a line end: it is read whole.
    ['utf-16le', 'text/plain', [0xe9]],
  ] as const)('in %s (%s) is read in the charset that it has', (encoding, type, bytes) => {
    const rows = Array.from({ length: 9 }, (_, n) => Buffer.from([...Buffer.from(`${n},"\n`), ...bytes, 0x22, 0x0a]));
    const narrow = Buffer.concat([Buffer.from('n,each\n'), ...rows]);
    const file = encoding === 'utf-16le' ? Buffer.from(narrow.toString('latin1'), 'utf16le') : narrow;
    const given: Partial<StreamInput> = { format: { type: 'csv', ...(encoding === undefined ? {} : { encoding }) } };
    for (const large of [true, false]) {
      const { records, parts } = readAll(given, [file], { size: 10, large, type });
      expect(records).toEqual(rows.map((_, n) => ({ n: String(n), each: '\né' })));
      expect(parts > 1).toBe(encoding !== 'utf-16le');
    }
  });

  test('of several files is read file by file, each with its own header', () => {
    const files = ['n,each\n1,a\n2,b\n', 'each,n\n', '\ufeffeach,n\nc,3\n\ufeffd,4\n'].map((text) => Buffer.from(text));
    for (const size of [1, 5, 11, 30, 1e6])
      expect(readAll({ ...csv, compression: 'zip' }, files, { size, large: size > 5 }).records).toEqual([
        { n: '1', each: 'a' },
        { n: '2', each: 'b' },
        { n: '3', each: 'c' },
        { n: '4', each: '\ufeffd' },
      ]);
  });

  test('that is no text in its charset is an error, wherever that shows', () => {
    const file = Buffer.from([...Buffer.from('{"n":1}\n{"n":2}\n{"n":"'), 0xff, ...Buffer.from('"}\n')]);
    expect(() => readAll({ format: 'ndjson' }, [file], { size: 8, large: true })).toThrow(
      'answered text that is not valid utf-8: if it is written in something else, say so',
    );
  });

  test('that has changed when asked for again begins anew', () => {
    const { partner, stream } = define({ format: 'ndjson' });
    const source = inParts(partner, stream, 10);
    const start: Position = { cursor: null, range: null, parents: [] };
    const { next } = source.read(answerOf('{"n":1}\n{"n":2}\n{"n":3}\n'), start);
    const further = { ...start, cursor: next.cursor };
    expect(source.read(answerOf('{"n":1}\n{"n":2}\n{"n":4}\n'), further).records).toHaveLength(1);
    for (const other of ['{"n":9}\n{"n":2}\n{"n":3}\n', '{"n":1}\n', '{"m":1}\n{"n":2}\n{"n":3}\n'])
      expect(() => source.read(answerOf(other), further)).toThrow('has changed when asked for again');
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
