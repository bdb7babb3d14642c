import { describe, expect, test } from '@jest/globals';
import { mismatchBound } from '../../core/mismatch-bound.ts';
import { array, assert, double, integer, nat, option, property, string } from 'fast-check';
import { backoffMs } from '../../core/backoff.ts';
import { expecting, readCheckpoint, start, writeCheckpoint } from '../../core/checkpoint.ts';
import { addCounts, balances, fateCounts, noCounts } from '../../core/counts.ts';
import { pageKey, type PagePlace } from '../../core/page-key.ts';
import { visible, visibleJson, visibleLines } from '../../core/visible.ts';

describe('backoffMs', () => {
  test('stays between 0 and the lesser of the cap and the doubled base', () => {
    assert(
      property(integer({ min: 1, max: 1000 }), double({ min: 0, max: 0.999999, noNaN: true }), (attempt, random) => {
        const wait = backoffMs({ attempt, baseMs: 1000, capMs: 60_000, random });
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(60_000, 1000 * 2 ** (attempt - 1)));
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });

  test.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [7, 30_000],
    [99, 30_000],
  ])('of attempt %i is %i ms in the middle', (attempt, wait) => {
    expect(backoffMs({ attempt, baseMs: 1000, capMs: 60_000, random: 0.5 })).toBe(wait);
  });
});

describe('a checkpoint', () => {
  test('reads back as it was written, and equal ones have equal texts', () => {
    assert(
      property(nat(), array(string()), option(string()), option(nat()), (slice, parents, cursor, expected) => {
        const text = writeCheckpoint({ slice, parents, cursor, expected, done: false });
        expect(readCheckpoint(text)).toEqual({ slice, parents, cursor, expected, done: false });
        expect(writeCheckpoint({ done: false, expected, cursor, parents, slice })).toBe(text);
      }),
    );
    expect(writeCheckpoint(start)).toBe('{"slice":0,"parents":[],"cursor":null,"expected":null,"done":false}');
  });

  test('adds up the totals of the partitions that state one', () => {
    expect([expecting(null, undefined), expecting(null, 5), expecting(5, undefined), expecting(5, 7)]).toEqual([
      null,
      5,
      5,
      12,
    ]);
  });
});

describe('counts', () => {
  test('add up, and balance when each fetched record has one fate', () => {
    assert(
      property(array(nat(99), { minLength: 7, maxLength: 7 }), nat(3), (fates, conflicts) => {
        const each = Object.fromEntries(fateCounts.map((name, i) => [name, fates[i]!]));
        const fetched = fates.reduce((a, b) => a + b, 0);
        const counts = { ...noCounts, ...each, fetched, conflicts };
        expect(balances(counts)).toBe(true);
        expect(balances({ ...counts, fetched: fetched + 1 })).toBe(false);
        expect(addCounts(counts, counts).updated).toBe(2 * counts.updated);
        expect(addCounts(counts, noCounts)).toEqual(counts);
      }),
    );
  });
});

describe('pageKey', () => {
  const place: PagePlace = {
    syncId: 'sync/acme/payments/2026-11-24',
    stream: 'payments',
    slice: 0,
    parents: ['a', 'b'],
    cursor: null,
    definitionVersion: '0123456789abcdef',
  };

  test('is the same for the same place: changing it would fetch every unfinished page again', () => {
    expect(pageKey(place)).toBe('d5b9fdde-3c4c-3bfd-4276-47ba72be34a5');
    expect(pageKey({ ...place })).toBe(pageKey(place));
  });

  test('is another one where anything differs', () => {
    const others: Partial<PagePlace>[] = [
      { syncId: 'sync/acme/payments/2026-11-24/g2' },
      { stream: 'refunds' },
      { slice: 1 },
      { parents: ['a'] },
      { parents: ['a,b'] },
      { parents: ['b', 'a'] },
      { parents: [] },
      { cursor: '' },
      { cursor: 'null' },
      { definitionVersion: '0123456789abcdee' },
    ];
    expect(pageKey({ ...place, restarts: 0 })).toBe(pageKey(place));
    expect(pageKey({ ...place, restarts: 1 })).not.toBe(pageKey(place));
    const keys = [{}, ...others].map((other) => pageKey({ ...place, ...other }));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  });
});

describe('texts of partners', () => {
  test.each([
    ['a\tb\r\nc\u0000', String.raw`a\tb\r\nc\u0000`],
    ['\u001b[31mred\u007f\u009b0m', String.raw`\u001b[31mred\u007f\u009b0m`],
    ['\u202egnp.exe\u2066\u200f', String.raw`\u202egnp.exe\u2066\u200f`],
    ['x\ud800y', String.raw`x\ud800y`],
    ['Grüße, 你好, שלום, 👩‍👩‍👧', 'Grüße, 你好, שלום, 👩‍👩‍👧'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test('keep their lines where they have some', () => {
    expect(visibleLines('a\nb\r')).toBe('a\nb\\r');
  });

  test('are the same values in JSON', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const written = visibleJson(JSON.stringify({ [text]: [text] }, null, 2));
        expect(JSON.parse(written)).toEqual({ [text]: [text] });
        expect(written).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('the bound of a sample', () => {
  // One-sided, of 95 %: where the binomial terms up to `wrong`, summed exactly (Python's math.comb), come to 0.05.
  test.each([
    [0, 10, 0.258866],
    [0, 100, 0.029513],
    [0, 1000, 0.002991],
    [1, 10, 0.394163],
    [3, 20, 0.343664],
    [10, 100, 0.163718],
    [9, 10, 0.994884],
    [10, 10, 1],
    [0, 0, 1],
  ])('%i of %i differ: at most %f of all', (wrong, asked, share) => {
    expect(mismatchBound(wrong, asked)).toBeCloseTo(share, 5);
  });

  test('is the rule of three where none differs, also of very many', () => {
    for (const asked of [30, 1000, 1_000_000]) expect(mismatchBound(0, asked) * asked).toBeLessThan(3);
    expect(mismatchBound(0, 1_000_000) * 1_000_000).toBeCloseTo(2.9957, 3);
    expect(mismatchBound(500, 1_000_000)).toBeGreaterThan(0.0005);
    expect(mismatchBound(500, 1_000_000)).toBeLessThan(0.00055);
  });
});
