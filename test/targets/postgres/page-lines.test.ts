import { describe, expect, test } from '@jest/globals';
import { array, assert, constant, option, property, record, string } from 'fast-check';
import { postgresLineWriter, type Line, type PostgresLines } from '../../../targets/postgres/page-lines.ts';
import type { LineOf } from '../../../core/staged.ts';

const page = { receivedAt: '2026-11-25T00:00:00.000Z', chars: 10, records: 1 };
const line: LineOf = {
  ordinal: 3,
  key: 'k',
  version: '7',
  hash: 'a'.repeat(32),
  eventTime: null,
  payload: '{"id":"k"}',
  columns: ['k', null],
  plain: true,
  ascii: true,
};

const written = (lines: readonly LineOf[]): PostgresLines => {
  const writer = postgresLineWriter(page);
  lines.forEach((each, index) => expect(writer.add(each).line).toBe(index));
  return writer.finish() as PostgresLines;
};
const textOf = ({ bytes, from, to }: Line): string => bytes.toString('utf8', from, to);

describe('the lines of a page', () => {
  test('have the numbers of their transaction at the front, and those of the next try in their place', () => {
    const lines = written([line]);
    lines.eventLine(0, { event: 987654, page: 21 });
    expect(textOf(lines.eventLine(0, { event: 12, page: 3 }))).toBe(
      `000000000000012\t000000000003\tu\t3\tk\t7\t\\N\t${page.receivedAt}\t${line.hash}\t{"id":"k"}\n`,
    );
    expect(textOf(lines.rowLine(0, { event: 12, page: 3, run: 4 }))).toBe(
      `000000000000012\t000000000003\t000000004\t7\t${line.hash}\tk\t\\N\n`,
    );
  });

  test('say of a record that it is stale, and in the next try that it is not', () => {
    const lines = written([line]);
    const numbers = { event: 1, page: 1 };
    expect(textOf(lines.eventLine(0, numbers, 's'))).toMatch(/^0+1\t0+1\ts\t3\t/);
    expect(textOf(lines.eventLine(0, numbers))).toMatch(/^0+1\t0+1\tu\t3\t/);
  });

  test('take the largest numbers and refuse what is larger', () => {
    const lines = written([line]);
    const most = { event: 10 ** 15 - 1, page: 10 ** 12 - 1, run: 10 ** 9 - 1 };
    expect(textOf(lines.rowLine(0, most))).toMatch(/^9{15}\t9{12}\t9{9}\t/);
    expect(() => lines.eventLine(0, { event: 10 ** 15, page: 1 })).toThrow(/more than 15 digits/);
    expect(() => lines.rowLine(0, { ...most, run: 10 ** 9 })).toThrow(/more than 9 digits/);
  });

  test('give every payload back as it came, however many there are', () => {
    const anyText = string({ unit: 'binary', maxLength: 300 });
    const other = record({ payload: anyText, key: option(anyText), plain: constant(false), ascii: constant(false) });
    assert(
      property(array(other, { maxLength: 400 }), (changes) => {
        const lines = written(changes.map((change) => ({ ...line, ...change })));
        changes.forEach(({ payload }, index) => expect(lines.payload(index)).toBe(wellFormed(payload)));
      }),
      { numRuns: 50 },
    );
  });

  test('tell key, version and hash of each record', () => {
    const anyText = option(string({ unit: 'binary', maxLength: 30 }).map(wellFormed));
    const other = record({ version: anyText, key: anyText, plain: constant(false), ascii: constant(false) });
    assert(
      property(array(other, { maxLength: 40 }), (changes) => {
        const writer = postgresLineWriter(page);
        const staged = changes.map((change, i) =>
          writer.add({ ...line, ...change, hash: String(i).padStart(32, 'a') }),
        );
        expect(staged.map(({ key, version, hash }) => ({ key, version, hash }))).toEqual(
          changes.map(({ key, version }, i) => ({ key, version, hash: String(i).padStart(32, 'a') })),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('stay what they are while the memory of others is used again', () => {
    written([line]).release();
    const kept = written([{ ...line, payload: '{"id":"kept"}' }]);
    const gone = written([{ ...line, payload: '{"id":"gone"}' }]);
    gone.release();
    for (let i = 0; i < 10; i++) written([{ ...line, payload: '{"id":"next"}' }]).release();
    expect(kept.payload(0)).toBe('{"id":"kept"}');
  });

  test('stand side by side', () => {
    const lines = written(Array.from({ length: 2000 }, (_, ordinal) => ({ ...line, ordinal })));
    let end = 0;
    for (let i = 0; i < 2000; i++) {
      const { from, to } = lines.eventLine(i, { event: i, page: 1 });
      expect(from).toBe(end);
      end = to;
    }
  });
});

/** UTF-8 has no lone surrogates. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
