import { describe, expect, test } from '@jest/globals';
import { array, assert, boolean, constantFrom, integer, property, record, shuffledSubarray } from 'fast-check';
import { changesOf, type AppliedEvent } from '../../apply/changes-of.ts';
import { balances } from '../../core/counts.ts';
import type { Head } from '../../core/decide.ts';
import { fold, type Foldable } from '../../core/fold.ts';
import { foldLog, type LoggedRecord } from '../../core/fold-log.ts';
import { decideBirth, decideDelete, type Grave } from '../../core/grave.ts';
import { long } from '../support/long.ts';
import type { TargetRow } from '../../targets/target.ts';

interface Came extends Foldable {
  readonly key: string;
  readonly version: string;
}
interface Row {
  readonly version: string | null;
  readonly hash: string;
  readonly event: number;
  readonly gone: boolean;
}
type Logged = LoggedRecord<Came>;

const came = (key: string, version: number, operation?: 'd'): Came => ({
  key,
  version: String(version),
  hash: `${key} ${version} ${operation ?? 'u'}`,
  operation,
});

/** What a table shows, whatever the order in which all this came: by key, the version of the row, and whether it is gone. */
function model(events: readonly Came[], keepsRows: boolean): Record<string, string> {
  const rows: Record<string, string> = {};
  for (const key of new Set(events.map((event) => event.key))) {
    const newest = (operation?: 'd'): string =>
      events
        .filter((event) => event.key === key && event.operation === operation)
        .reduce((a, b) => (a > b.version ? a : b.version), '');
    const [there, gone] = [newest(), newest('d')];
    if (there > gone) rows[key] = there;
    else if (keepsRows) rows[key] = `${there} gone`;
  }
  return rows;
}

const said = (table: ReadonlyMap<string, Row>): Record<string, string> =>
  Object.fromEntries([...table].map(([key, { version, gone }]) => [key, `${version ?? ''}${gone ? ' gone' : ''}`]));

/** The store: its table, its graves and the log that it writes. */
class Store {
  readonly table = new Map<string, Row>();
  readonly graves = new Map<string, Grave>();
  readonly log: Logged[] = [];
  readonly #keepsRows: boolean;

  constructor(keepsRows: boolean) {
    this.#keepsRows = keepsRows;
  }

  commit(pages: readonly (readonly Came[])[]): void {
    const heads = new Map(
      [...this.table].map(([key, { gone, ...row }]): [string, Head] => [
        key,
        gone ? { ...row, deletedAt: 'then' } : row,
      ]),
    );
    const folded = fold<Came>({
      pages: pages.map((records) => ({ records, quarantined: 0 })),
      heads,
      gone: { graves: this.graves, keepsRows: this.#keepsRows },
      lastEvent: this.log.length,
    });
    if (!folded.counts.every(balances)) throw new Error('the balance does not add up');
    for (const { record, event, page, stale } of folded.events)
      this.log.push({
        record,
        event,
        page,
        ...(record.operation === 'd'
          ? { operation: 'd' as const, deletedAt: String(event) }
          : stale
            ? { operation: 's' as const }
            : {}),
      });
    for (const { record, event, previous = null } of [...folded.inserts, ...folded.updates] as {
      record: Came;
      event: number;
      previous?: number;
    }[]) {
      if ((this.table.get(record.key)?.event ?? null) !== previous)
        throw new Error(`event ${previous} is not what the table shows`);
      this.table.set(record.key, { ...rowOf(record, event), gone: false });
    }
    for (const key of folded.born ?? []) this.graves.delete(key);
    for (const { key, grave } of folded.dead ?? []) {
      this.graves.set(key, { ...grave, at: grave.at ?? 'then' });
      const row = this.table.get(key);
      if (!this.#keepsRows) this.table.delete(key);
      else if (row !== undefined) this.table.set(key, { ...row, gone: true });
    }
  }
}

const rowOf = ({ version, hash, operation }: Came, event: number): Omit<Row, 'gone'> => ({
  version: operation === 'd' ? null : version,
  hash,
  event,
});

/** Made of the log in chunks, as a rebuild does it. */
function rebuilt(log: readonly Logged[], chunk: number, keepsRows: boolean): ReadonlyMap<string, Row> {
  const table = new Map<string, Row>();
  for (let from = 0; from < log.length; from += chunk) {
    const heads = new Map(
      [...table].map(([key, { gone, ...row }]) => [key, { ...row, ...(gone ? { deletedAt: 'then' } : {}) }]),
    );
    const { inserts, updates, removed, buried } = foldLog<Came>(log.slice(from, from + chunk), heads, { keepsRows });
    for (const { record, event } of [...inserts, ...updates])
      table.set(record.key, { ...rowOf(record, event), gone: false });
    for (const key of removed) table.delete(key);
    for (const key of buried.keys()) table.set(key, { ...(table.get(key) as Row), gone: true });
  }
  return table;
}

/** Made of the log in ranges, as another warehouse takes it; each range twice. */
function loaded(log: readonly Logged[], chunk: number, keepsRows: boolean): ReadonlyMap<string, Row> {
  const table = new Map<string, Row>();
  const events = log.map(
    ({ record: { key, version, hash }, event, operation = 'u' as 'u' | 's' | 'd', deletedAt }): AppliedEvent => {
      const received = { page: event, ordinal: 0 };
      const row = {
        event,
        ...received,
        run: 1,
        version: operation === 'd' ? null : version,
        hash,
        values: [key],
        extra: null,
      };
      return { event, operation, key, keyTexts: [key], arrival: { version, hash, received }, row, deletedAt };
    },
  );
  for (let from = 0; from < log.length; from += chunk)
    for (const _ of [1, 2]) {
      const heads = new Map(
        [...table].map(([key, { gone, ...row }]) => [key, { ...row, ...(gone ? { deletedAt: 'then' } : {}) }]),
      );
      const range = { from, to: from + chunk, events: events.slice(from, from + chunk), heads };
      const { deletes, buries = [], upserts } = changesOf(range, keepsRows ? 'kept' : 'newest');
      for (const [key] of deletes) table.delete(key as string);
      for (const { key } of buries)
        table.set(key[0] as string, { ...(table.get(key[0] as string) as Row), gone: true });
      for (const row of upserts) table.set(row.values[0] as string, shownOf(row));
    }
  return table;
}

const shownOf = ({ version, hash, event, deletedAt }: TargetRow): Row => ({
  version,
  hash,
  event,
  gone: deletedAt !== undefined,
});

const event = record({
  key: constantFrom('a', 'b', 'c'),
  version: integer({ min: 1, max: 5 }),
  operation: constantFrom('d' as const, undefined, undefined),
});

describe('upserts and deletes', () => {
  test.each([false, true])(
    'in any order, grouped in any way and repeated, give one table in every warehouse; rows are kept: %s',
    (keepsRows) => {
      assert(
        property(
          array(event, { maxLength: 12 }).chain((events) => {
            const all = events.map(({ key, version, operation }) => came(key, version, operation));
            return record({
              all: constantFrom(all),
              order: shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
            });
          }),
          integer({ min: 1, max: 5 }),
          boolean(),
          ({ all, order }, group, together) => {
            const store = new Store(keepsRows);
            for (let from = 0; from < order.length; from += group) {
              const part = order.slice(from, from + group);
              store.commit(together ? [part] : part.map((one) => [one]));
            }
            const expected = model(all, keepsRows);
            expect(said(store.table)).toEqual(expected);
            for (const chunk of [1, 3, 100]) {
              expect(rebuilt(store.log, chunk, keepsRows)).toEqual(store.table);
              expect(loaded(store.log, chunk, keepsRows)).toEqual(store.table);
            }
          },
        ),
        { numRuns: long ? 10_000 : 500 },
      );
    },
  );
});

const graveOf = (version: string | null, rest: Partial<Grave> = {}): Grave => ({
  version,
  hash: 'd',
  event: 3,
  ...rest,
});
const arrival = (version: string | null, rest = {}): { version: string | null; hash: string } => ({
  version,
  hash: 'u',
  ...rest,
});

describe('a grave', () => {
  test('holds back its own version after a delete event, and lets it rise after a sweep', () => {
    expect(decideBirth(arrival('2'), graveOf('2')).fate).toBe('stale');
    expect(decideBirth(arrival('2'), graveOf('2', { swept: true })).fate).toBe('inserted');
    expect(decideBirth(arrival('1'), graveOf('2', { swept: true })).fate).toBe('stale');
    expect(decideBirth(arrival('3'), graveOf('2')).fate).toBe('inserted');
    // What was removed as a duplicate comes back when it changes, and is not logged again as long as it does not.
    const removed = graveOf('2', { removed: true, hash: arrival('2').hash });
    expect(decideBirth(arrival('2'), removed)).toEqual({ fate: 'stale', conflict: false, silent: true });
    expect(decideBirth({ ...arrival('3'), hash: 'f'.repeat(32) }, removed).fate).toBe('inserted');
    expect(decideBirth({ ...arrival('1'), hash: 'f'.repeat(32) }, removed)).toEqual({ fate: 'stale', conflict: false });
  });

  test('without versions holds back what was received before it', () => {
    const grave = graveOf(null, { received: { page: 5, ordinal: 1 } });
    expect(decideBirth(arrival(null), grave).fate).toBe('inserted');
    expect(decideBirth(arrival(null, { received: { page: 5, ordinal: 0 } }), grave).fate).toBe('stale');
    expect(decideBirth(arrival(null, { received: { page: 6, ordinal: 0 }, superseded: true }), grave)).toMatchObject({
      fate: 'stale',
      silent: true,
    });
  });

  test('is dug deeper by a newer delete, and not by the same or an older one', () => {
    const grave = graveOf('2');
    expect(decideDelete({ version: '3', hash: 'e' }, { grave }).fate).toBe('deleted');
    expect(decideDelete({ version: '2', hash: 'e' }, { grave }).fate).toBe('unchanged');
    expect(decideDelete({ version: '2', hash: 'd' }, { grave }).fate).toBe('unchanged');
    expect(decideDelete({ version: null, hash: 'e' }, { grave }).fate).toBe('unchanged');
    expect(decideDelete({ version: '1', hash: 'e' }, { grave }).fate).toBe('stale');
  });
});
