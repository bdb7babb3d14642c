import { describe, expect, test } from '@jest/globals';
import { array, assert, boolean, constantFrom, integer, property, record as recordOf } from 'fast-check';
import { asksHeads, changesOf, type AppliedEvent, type Taking } from '../../apply/changes-of.ts';
import type { Arrival, Head } from '../../core/decide.ts';
import { fold } from '../../core/fold.ts';
import type { TargetRow } from '../../targets/target.ts';
import { modelTable } from './model-table.ts';

/** A table as any kind of target keeps it. */
class Table {
  readonly rows = new Map<string, { readonly row: TargetRow; readonly head: Head }>();
  cursor = 0;
  readonly #taking: Taking;

  constructor(taking: Taking) {
    this.#taking = taking;
  }

  /** As a load does: heads are read, what they mean is decided, and the rows are written. Returns how many. */
  take(events: readonly AppliedEvent[], range: { readonly from: number; readonly to: number }): number {
    const within = events.filter(({ event }) => event > range.from && event <= range.to);
    const asked = { ...range, events: within };
    const heads = new Map(
      asksHeads({ ...asked, from: this.cursor }, this.#taking)
        ? [...this.rows].map(([key, { head }]) => [key, head] as const)
        : [],
    );
    const { deletes, upserts } = changesOf({ ...asked, heads }, this.#taking);
    for (const [key] of deletes) this.rows.delete(key as string);
    for (const row of upserts) {
      const { event, version, hash, page, ordinal } = row;
      const place = this.#taking === 'each' || row.values[0] === null ? `event ${event}` : (row.values[0] as string);
      this.rows.set(place, { row, head: { event, version, hash, received: { page, ordinal } } });
    }
    this.cursor = range.to;
    return upserts.length;
  }

  shown(): ReadonlyMap<string, number> {
    return new Map([...this.rows].map(([place, { row }]) => [place, row.event]));
  }
}

function eventOf(event: number, key: string | null, of: Arrival & Pick<AppliedEvent, 'operation'>): AppliedEvent {
  const { operation, version, hash, received = { page: event, ordinal: 0 } } = of;
  return {
    event,
    operation,
    key,
    keyTexts: key === null ? [] : [key],
    arrival: { version, hash, received },
    row: operation === 'd' ? null : { event, ...received, run: 1, version, hash, values: [key], extra: null },
  };
}

const step = recordOf({
  what: constantFrom('comes', 'comes', 'comes', 'comes', 'held', 'replayed', 'gone'),
  key: integer({ min: 0, max: 4 }),
  version: integer({ min: 0, max: 3 }),
  content: integer({ min: 0, max: 2 }),
});

interface Came {
  readonly key: string;
  readonly version: string | null;
  readonly hash: string;
  readonly page: number;
}

/**
 * A log as the store writes it, by the decisions of `fold`, and the table that it kept meanwhile. Some records are held back and
 * replayed later; some keys go.
 */
function logOf(
  steps: readonly { readonly what: string; readonly key: number; readonly version: number; readonly content: number }[],
  versioned: boolean,
): { readonly log: readonly AppliedEvent[]; readonly table: ReadonlyMap<string, number> } {
  const heads = new Map<string, Head>();
  const log: AppliedEvent[] = [];
  const held: Came[] = [];
  const lastPage = new Map<string, number>();
  let lastEvent = 0;
  const come = (came: Came, replayed: boolean): void => {
    const { key, version, hash, page } = came;
    const superseded = replayed && !versioned && (lastPage.get(key) ?? 0) > page;
    const received = { page, ordinal: 0 };
    const arrival = { key, version, hash, ...(replayed ? { received, superseded } : {}) };
    const folded = fold({ pages: [{ records: [arrival], quarantined: 0 }], heads, lastEvent });
    const takes = folded.inserts.length + folded.updates.length > 0;
    lastEvent = folded.lastEvent;
    for (const { event } of folded.events) {
      // Before there was an `s`, what was stale was written as any other.
      const operation = takes || version === '2' ? 'u' : 's';
      log.push(eventOf(event, key, { version, hash, received, operation }));
      if (takes) heads.set(key, { version, hash, event, received });
    }
    if (!replayed) lastPage.set(key, page);
  };
  steps.forEach(({ what, key: n, version, content }, i) => {
    const page = i + 1;
    const key = `k${n}`;
    const came = { key, version: versioned ? String(version) : null, hash: `h${content}`, page };
    if (what === 'comes') come(came, false);
    else if (what === 'held') held.push(came);
    else if (what === 'replayed') for (const one of held.splice(0, 1)) come(one, true);
    else if (heads.delete(key)) {
      lastEvent += 1;
      log.push(eventOf(lastEvent, key, { version: null, hash: '0', operation: 'd', received: { page, ordinal: 0 } }));
    }
  });
  return { log, table: new Map([...heads].map(([key, { event }]) => [key, event])) };
}

const cut = recordOf({ length: integer({ min: 1, max: 9 }), again: boolean(), back: integer({ min: 0, max: 6 }) });
const cuts = array(cut, { minLength: 30, maxLength: 30 });
type Cuts = readonly { readonly length: number; readonly again: boolean; readonly back: number }[];

interface Applied {
  readonly rows: ReadonlyMap<string, number>;
  /** By ranges that had been applied right before. */
  readonly writtenAgain: number;
}

/** Applies the whole log in ranges; some are applied twice, and some begin again before where the last one ended. */
function applied(log: readonly AppliedEvent[], ranges: Cuts, taking: Taking): Applied {
  const table = new Table(taking);
  let written = 0;
  const end = log.at(-1)?.event ?? 0;
  for (const { length, again, back } of ranges) {
    const range = { from: Math.max(0, table.cursor - back), to: Math.min(end, table.cursor + length) };
    table.take(log, range);
    if (again) written += table.take(log, range);
  }
  table.take(log, { from: table.cursor, to: end });
  return { rows: table.shown(), writtenAgain: written };
}

const inOrder = (rows: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
  new Map([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));

describe('changesOf', () => {
  test.each([true, false])('gives the table that was decided when the records came, versions %s', (versioned) => {
    assert(
      property(array(step, { maxLength: 60 }), cuts, (steps, ranges) => {
        const { log, table } = logOf(steps, versioned);
        expect(log.map(({ event }) => event)).toEqual(log.map((_, i) => i + 1));
        const { rows, writtenAgain } = applied(log, ranges, 'newest');
        const shown = inOrder(rows);
        expect(writtenAgain).toBe(0);
        expect(shown).toEqual(inOrder(table));
        expect(shown).toEqual(inOrder(modelTable(log, 'newest')));
      }),
      { numRuns: 400 },
    );
  });

  test.each(['each', 'listed'] as const)('of a log that is taken as %s gives what the model gives', (taking) => {
    assert(
      property(array(step, { maxLength: 60 }), cuts, boolean(), (steps, ranges, keyless) => {
        const { log: all } = logOf(steps, false);
        const log = all
          .filter(({ operation }) => taking === 'listed' || operation !== 'd')
          .map((event) => (keyless ? withoutKey(event) : event))
          .filter(({ operation }) => !keyless || operation !== 'd');
        // A listing takes effect as one, from its first event on.
        const once = ranges.map((range) => ({ ...range, back: 0, again: taking === 'each' && range.again }));
        expect(new Set(applied(log, once, taking).rows)).toEqual(new Set(modelTable(log, taking)));
      }),
      { numRuns: 200 },
    );
  });

  test('a deletion takes the rows of the same range with it', () => {
    const events = [
      eventOf(1, 'a', { operation: 'u', version: null, hash: 'x' }),
      eventOf(2, 'a', { operation: 'd', version: null, hash: '0' }),
    ];
    for (const taking of ['newest', 'each', 'listed'] as const)
      expect(changesOf({ from: 0, to: 2, events, heads: new Map() }, taking)).toEqual({
        from: 0,
        to: 2,
        clears: false,
        deletes: [['a']],
        upserts: [],
      });
  });

  test('what was stale when it came, and the end of a listing, change nothing', () => {
    const events = [
      eventOf(1, 'a', { operation: 's', version: '1', hash: 'x' }),
      eventOf(2, null, { operation: 'e', version: null, hash: '0' }),
    ];
    for (const taking of ['newest', 'each', 'listed'] as const)
      expect(changesOf({ from: 0, to: 2, events, heads: new Map() }, taking)).toMatchObject({
        deletes: [],
        upserts: [],
      });
  });
});

const withoutKey = (event: AppliedEvent): AppliedEvent => ({
  ...event,
  key: null,
  keyTexts: [],
  row: event.row === null ? null : { ...event.row, values: [null] },
});
