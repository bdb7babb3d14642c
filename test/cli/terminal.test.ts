import { describe, expect, test } from '@jest/globals';
import { array, assert, integer, lorem, oneof, property, record, string } from 'fast-check';
import { fitWidths, wrap } from '../../cli/terminal/fit.ts';
import { lookOf, paintLine, plainLook } from '../../cli/terminal/paint.ts';
import { progressLine, remember, speedOf, type Sample } from '../../cli/terminal/progress.ts';
import { renderTable } from '../../cli/terminal/table.ts';
import { exactDuration, took } from '../../cli/took.ts';

const runs = process.env['SYNCLINE_TEST_LONG'] === '1' ? {} : { seed: 19, numRuns: 100 };
const escape = new RegExp(`${String.fromCodePoint(27)}\\[\\d+m`, 'g');

describe('tables', () => {
  const wide = [
    {
      check: 'partners',
      state: 'problem',
      says: 'acme.yaml:3:1 baseUrl: missing; expected an http(s) URL. '.repeat(5),
    },
    { check: 'database', state: 'ok', says: 'PostgreSQL 18.4' },
  ];

  test('keep to 100 columns where nothing is known of the reader, and lose no word', () => {
    const lines = renderTable(wide, ['check', 'state', 'says']).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    expect(lines.join(' ').match(/baseUrl:/g)).toHaveLength(5);
  });

  test('keep to any width, whatever is in the cells, as long as each column has eight characters', () => {
    const cell = oneof(string({ maxLength: 200 }), lorem({ maxCount: 40 }));
    const table = array(record({ a: cell, b: cell, c: cell }), { minLength: 1, maxLength: 5 });
    assert(
      property(table, integer({ min: 40, max: 200 }), (rows, columns) => {
        const ascii = rows.map((row) =>
          Object.fromEntries(Object.entries(row).map(([name, text]) => [name, text.replaceAll(/[^ -~]/g, '?')])),
        );
        const lines = renderTable(ascii, ['a', 'b', 'c'], { columns, colours: false }).split('\n');
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
      }),
      runs,
    );
  });

  test('wrapping keeps every character but the spaces that it breaks at', () => {
    assert(
      property(lorem({ maxCount: 60 }), integer({ min: 3, max: 80 }), (text, width) => {
        const lines = wrap(text, width).split('\n');
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
      runs,
    );
  });

  test('numbers are never broken, and words only where nothing else helps', () => {
    expect(
      fitWidths(
        [
          { widest: 30, longestWord: 30, fixed: true },
          { widest: 60, longestWord: 20, fixed: false },
        ],
        { room: 60, gap: 2 },
      ),
    ).toEqual([30, 28]);
    expect(fitWidths([{ widest: 50, longestWord: 50, fixed: false }], { room: 20, gap: 2 })).toEqual([20]);
  });
});

describe('colours', () => {
  const terminal = { isTTY: true, columns: 120, hasColors: () => true };

  test('are there in a terminal only, and not with NO_COLOR', () => {
    expect(lookOf(terminal, {})).toEqual({ columns: 120, colours: true });
    expect(lookOf(terminal, { NO_COLOR: '1' })).toEqual({ columns: 120, colours: false });
    expect(lookOf({ ...terminal, hasColors: () => false }, {})).toEqual({ columns: 120, colours: false });
    expect(lookOf({}, {})).toEqual(plainLook);
  });

  test('change no character of a table or a line', () => {
    const rows = [{ stream: 'ok', outcome: 'failed', rows: 12_345 }];
    const columns = ['stream', 'outcome', 'rows'];
    const painted = renderTable(rows, columns, { columns: 100, colours: true });
    expect(painted).toContain('\u001B[31mfailed\u001B[0m');
    // A stream may be called anything.
    expect(painted).not.toContain('mok\u001B');
    expect(painted.replaceAll(escape, '')).toBe(renderTable(rows, columns));
    expect(paintLine('Outcome ok.')).toBe('Outcome \u001B[32mok\u001B[0m.');
    expect(paintLine('LATE acme.orders: 3h')).toBe('\u001B[31mLATE\u001B[0m acme.orders: 3h');
    expect(paintLine('okay, nothing failed')).toBe('okay, nothing failed');
  });
});

const at = (seconds: number, rows: number): Sample => ({ atMs: seconds * 1000, rows });
const line = (samples: readonly Sample[], expected?: { rows: number; known: 'partner' | 'before' }): string =>
  progressLine({ stream: 'orders', samples, expected, width: 8 });

describe('progress', () => {
  test('says rows, speed and what is left, by a total that the partner states or by the time before', () => {
    const samples = [at(0, 1000), at(5, 2500)];
    expect(line(samples, { rows: 5000, known: 'partner' })).toBe(
      'orders    ██████░░░░░░  50 %  2,500 of 5,000 rows, 300 rows/s, 9s left',
    );
    expect(line(samples, { rows: 5000, known: 'before' })).toContain('2,500 of about 5,000 rows');
    expect(line(samples)).toBe('orders    2,500 rows, 300 rows/s');
    expect(line([at(0, 0)], { rows: 5000, known: 'partner' })).toBe('orders    ░░░░░░░░░░░░   0 %  0 of 5,000 rows');
  });

  test('never says that all is there, and makes nothing up beyond what was expected', () => {
    expect(line([at(0, 0), at(5, 5000)], { rows: 5000, known: 'partner' })).toMatch(/99 %.* 1s left$/);
    expect(line([at(0, 0), at(5, 6000)], { rows: 5000, known: 'before' })).toBe('orders    6,000 rows, 1,200 rows/s');
  });

  test('a stream that stands still gets slower, and no time is left to tell', () => {
    const seen = [at(0, 0), at(1, 900), ...Array.from({ length: 20 }, (_, i) => at(2 + i, 900))];
    const samples = seen.reduce<readonly Sample[]>(remember, []);
    expect(speedOf(samples)).toBe(0);
    expect(line(samples, { rows: 5000, known: 'partner' })).toMatch(/0 rows\/s$/);
  });

  test('durations are exact to the second', () => {
    expect([400, 5000, 16_100, 252_000, 7_530_000].map(exactDuration)).toEqual([
      '0.4s',
      '5s',
      '16.1s',
      '4m 12s',
      '2h 05m',
    ]);
    expect(took('2026-11-24T00:00:00Z', null)).toBe('');
  });
});
