import { describe, expect, test } from '@jest/globals';
import { array, assert, boolean, constantFrom, nat, property, record } from 'fast-check';
import { addCounts, balances, noCounts, type Counts } from '../../core/counts.ts';
import { fold, type Foldable } from '../../core/fold.ts';
import type { Head } from '../../core/decide.ts';

const foldable = record({
  key: constantFrom(null, 'a', 'b', 'c', 'd'),
  version: constantFrom('1', '2', '3'),
  hash: constantFrom('x', 'y', 'z'),
});
const records = array(foldable, { maxLength: 30 });

interface Row {
  readonly key: string | null;
  readonly version: string | null;
  readonly hash: string;
  readonly event: number;
}

interface World {
  readonly rows: Row[];
  /** Events whose version does not fit, and the event that was known. */
  readonly odd: [odd: string, known: number, event: number][];
  readonly log: { event: number; record: Foldable }[];
  readonly counts: Counts;
  readonly lastEvent: number;
}

/** The simple truth: one record at a time, each decided against the row it meets. */
function oneByOne(given: readonly Foldable[], prior?: readonly Row[]): World {
  const rows: Row[] = [];
  const log: World['log'] = [];
  const odd: World['odd'] = [];
  const counts: Record<string, number> = { ...noCounts };
  let lastEvent = prior?.length ?? 0;
  const count = (fate: string): void => {
    counts['fetched'] = counts['fetched']! + 1;
    counts[fate] = counts[fate]! + 1;
  };
  for (const item of given) {
    const at = item.key === null ? -1 : rows.findIndex((row) => row.key === item.key);
    const row = rows[at];
    const old = row === undefined ? prior?.find((other) => other.key === item.key) : undefined;
    if (old !== undefined && item.key !== null && old.hash === item.hash) {
      rows.push({ ...item, event: old.event });
      count('unchanged');
      continue;
    }
    if (row !== undefined && row.hash === item.hash) {
      count('unchanged');
      continue;
    }
    lastEvent += 1;
    log.push({ event: lastEvent, record: item });
    if (row === undefined) {
      rows.push({ ...item, event: lastEvent });
      const replaces = old !== undefined && item.key !== null;
      count(replaces ? 'updated' : 'inserted');
      if (replaces && item.version === old.version) {
        counts['conflicts'] = counts['conflicts']! + 1;
        odd.push(['conflict', old.event, lastEvent]);
      }
    } else if (item.version! < row.version!) {
      odd.push(['late', row.event, lastEvent]);
      count('stale');
    } else {
      rows[at] = { ...item, event: lastEvent };
      count('updated');
      if (item.version === row.version) {
        counts['conflicts'] = counts['conflicts']! + 1;
        odd.push(['conflict', row.event, lastEvent]);
      }
    }
  }
  return { rows, odd, log, counts: counts as unknown as Counts, lastEvent };
}

/** What the adapter does with the three lists, over as many commits as there are batches, each of some pages. */
function inBatches(batches: readonly (readonly Foldable[])[], prior?: readonly Row[]): World {
  const rows: Row[] = [];
  const log: World['log'] = [];
  const found: World['odd'] = [];
  let counts = noCounts;
  let lastEvent = prior?.length ?? 0;
  const headsOf = (of: readonly Row[]): Map<string, Head> =>
    new Map(of.flatMap((row) => (row.key === null ? [] : [[row.key, row]])));
  for (const batch of batches) {
    const half = Math.ceil(batch.length / 2);
    const folded = fold({
      pages: [batch.slice(0, half), batch.slice(half)].map((page) => ({ records: page, quarantined: 0 })),
      heads: headsOf(rows),
      ...(prior === undefined ? {} : { prior: headsOf(prior) }),
      lastEvent,
    });
    log.push(...folded.events.map(({ record, event }) => ({ record, event })));
    for (const { record: item, event } of folded.inserts) {
      expect(item.key === null || rows.every((row) => row.key !== item.key)).toBe(true);
      rows.push({ ...item, event });
    }
    for (const { record: item, event, previous } of folded.updates) {
      const at = rows.findIndex((row) => row.key === item.key && row.event === previous);
      expect(at).toBeGreaterThanOrEqual(0);
      rows[at] = { ...item, event };
    }
    found.push(...folded.odd.map(({ odd, known, event }): World['odd'][number] => [odd, known, event]));
    counts = folded.counts.reduce(addCounts, counts);
    lastEvent = folded.lastEvent;
  }
  return { rows, odd: found, log, counts, lastEvent };
}

/** Cuts a list where the flags say so. */
function cut<T>(items: readonly T[], flags: readonly boolean[]): T[][] {
  const batches: T[][] = [[]];
  items.forEach((item, i) => {
    if (flags[i] === true) batches.push([]);
    batches.at(-1)!.push(item);
  });
  return batches;
}

const sorted = (world: World): World => ({ ...world, rows: world.rows.toSorted((a, b) => a.event - b.event) });

describe('fold', () => {
  test('gives the rows, events and counts of one record at a time, however records are batched', () => {
    assert(
      property(records, array(boolean(), { maxLength: 30 }), (given, flags) => {
        expect(sorted(inBatches(cut(given, flags)))).toEqual(sorted(oneByOne(given)));
      }),
      { numRuns: 400 },
    );
  });

  test('does so too when a table is replaced', () => {
    const old = array(foldable, { maxLength: 6 }).map((items) =>
      items
        .filter((item, i) => item.key !== null && items.findIndex((other) => other.key === item.key) === i)
        .map((item, i): Row => ({ ...item, event: i + 1 })),
    );
    assert(
      property(records, array(boolean(), { maxLength: 30 }), old, (given, flags, prior) => {
        expect(sorted(inBatches(cut(given, flags), prior))).toEqual(sorted(oneByOne(given, prior)));
      }),
      { numRuns: 400 },
    );
  });

  test('numbers events without a gap, balances, and never logs what did not change', () => {
    assert(
      property(records, nat(1000), nat(5), (given, lastEvent, quarantined) => {
        const { events, counts, ...folded } = fold({
          pages: [{ records: given, quarantined }],
          heads: new Map(),
          lastEvent,
        });
        expect(events.map(({ event }) => event)).toEqual(events.map((_, i) => lastEvent + 1 + i));
        expect(folded.lastEvent).toBe(lastEvent + events.length);
        expect(counts[0]).toMatchObject({ fetched: given.length + quarantined, quarantined });
        expect(balances(counts[0]!)).toBe(true);
        expect(events.length).toBe(given.length - counts[0]!.unchanged);
      }),
    );
  });

  test('writes a key once when a batch brings it many times', () => {
    const folded = fold({
      pages: [
        { records: [{ key: 'a', version: '1', hash: 'x' }], quarantined: 0 },
        {
          records: [
            { key: 'a', version: '3', hash: 'y' },
            { key: 'a', version: '2', hash: 'z' },
          ],
          quarantined: 0,
        },
      ],
      heads: new Map([['a', { version: '0', hash: 'w', event: 5 }]]),
      lastEvent: 9,
    });
    expect(folded.updates).toEqual([
      { record: { key: 'a', version: '3', hash: 'y' }, page: 1, event: 11, previous: 5 },
    ]);
    expect(folded.inserts).toEqual([]);
    expect(folded.counts.map(({ updated, stale }) => [updated, stale])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});
