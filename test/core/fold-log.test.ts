import { describe, expect, test } from '@jest/globals';
import { fold } from '../../core/fold.ts';
import { foldLog } from '../../core/fold-log.ts';

interface Arrived {
  readonly key: string | null;
  readonly version: string | null;
  readonly hash: string;
}

const record = (key: string | null, version: number | null, hash: string): Arrived => ({
  key,
  version: version === null ? null : String(version),
  hash,
});

/** Arrivals of a few keys, versions and contents, without chance: each call another number. */
function arrivals(seed: number, withVersion: boolean): Arrived[] {
  let state = seed;
  const below = (n: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % n;
  };
  return Array.from({ length: 60 }, () => record(`k${below(7)}`, withVersion ? below(4) : null, `h${below(3)}`));
}

/** What a table holds after the arrivals, in groups of so many: `fold` as it decided, event by event. */
function liveTable(arrived: readonly Arrived[], group: number) {
  const table = new Map<string, { version: string | null; hash: string; event: number }>();
  const log: { record: Arrived; page: number; event: number }[] = [];
  let lastEvent = 0;
  for (let from = 0; from < arrived.length; from += group) {
    const pages = [{ records: arrived.slice(from, from + group), quarantined: 0 }];
    const folded = fold({ pages, heads: table, lastEvent });
    lastEvent = folded.lastEvent;
    log.push(...folded.events);
    for (const {
      record: { key, version, hash },
      event,
    } of [...folded.inserts, ...folded.updates])
      table.set(key as string, { version, hash, event });
  }
  return { table, log };
}

describe('foldLog', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => [true, false].map((versions) => [seed, versions] as const)))(
    'makes of the log the table that the arrivals made, whatever the size of the chunks: %i, versions %s',
    (seed, versions) => {
      const { table, log } = liveTable(arrivals(seed, versions), 9);
      for (const chunk of [1, 4, 1000]) {
        const again: typeof table = new Map();
        for (let from = 0; from < log.length; from += chunk) {
          const { inserts, updates } = foldLog(log.slice(from, from + chunk), again);
          for (const {
            record: { key },
          } of inserts)
            expect(again.has(key as string)).toBe(false);
          for (const {
            record: { key },
            previous,
          } of updates)
            expect(again.get(key as string)?.event).toBe(previous);
          for (const {
            record: { key, version, hash },
            event,
          } of [...inserts, ...updates])
            again.set(key as string, { version, hash, event });
        }
        expect(again).toEqual(table);
      }
    },
  );

  test('keeps each event without a key, and its number', () => {
    const events = [4, 9].map((event, page) => ({ record: record(null, null, 'same'), page, event }));
    expect(foldLog(events, new Map())).toMatchObject({ inserts: events, updates: [], removed: [] });
  });

  test('changes nothing where the table shows the event already', () => {
    const heads = new Map([['a', { version: '2', hash: 'h2', event: 2 }]]);
    const events = [1, 2].map((n) => ({ record: record('a', n, `h${n}`), page: 0, event: n }));
    expect(foldLog(events, heads)).toMatchObject({ inserts: [], updates: [], removed: [] });
  });
});
