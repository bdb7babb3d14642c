import { decide, type Arrival, type Fate, type Head } from './decide.ts';
import { noCounts, type Counts } from './counts.ts';
import type { Turn } from './turns.ts';

/** What the fold needs of a record; the adapter's record has more. */
export interface Foldable extends Arrival {
  /** null: the stream has no primary key, each record stands for itself. */
  readonly key: string | null;
}

export interface Written<R> {
  readonly record: R;
  /** Index of its page among those given. */
  readonly page: number;
  /** Number of the event the row stands for. */
  readonly event: number;
}

export interface Replaced<R> extends Written<R> {
  /** The event that the row stood for when we looked: the write is refused if it no longer does. */
  readonly previous: number;
}

export interface Logged<R> extends Written<R> {
  /** It is older than what was known of its key, and changes nothing. */
  readonly stale?: true;
  /** What it needs is not there: it changes nothing until then. */
  readonly waits?: true;
}

export interface Folded<R> {
  readonly events: readonly Logged<R>[];
  readonly inserts: readonly Written<R>[];
  readonly updates: readonly Replaced<R>[];
  readonly lastEvent: number;
  /** Per page, in the order given. */
  readonly counts: readonly Counts[];
}

export interface FoldInput<R> {
  readonly pages: readonly { readonly records: readonly R[]; readonly quarantined: number }[];
  /** Rows already in the table that is written. */
  readonly heads: ReadonlyMap<string, Head>;
  /** `replace`: rows of the table that will be replaced. A record that equals one is unchanged, whatever its version. */
  readonly prior?: ReadonlyMap<string, Head>;
  readonly lastEvent: number;
  /** Another order than that of the pages, where records need each other. */
  readonly turns?: Generator<Turn<R>, void, boolean>;
}

/**
 * Decides what becomes of each record of some pages, in order, against what is known of their keys. Pure: the adapter
 * reads the heads before and writes the three lists after, all in one transaction under the stream's lock.
 */
export function fold<R extends Foldable>({ pages, heads, prior, lastEvent, turns }: FoldInput<R>): Folded<R> {
  const events: Logged<R>[] = [];
  const loose: Written<R>[] = [];
  /** The newest of each key among these pages. */
  const rows = new Map<string, Row<R>>();
  let event = lastEvent;
  let page = -1;

  const take = (record: R, previous: number | null): void => {
    event += 1;
    const row = { record, page, event, previous };
    events.push(row);
    if (record.key === null) loose.push(row);
    else rows.set(record.key, row);
  };

  const fateOf = (record: R): { fate: Fate; conflict: boolean } => {
    const { key } = record;
    if (key === null) {
      take(record, null);
      return { fate: 'inserted', conflict: false };
    }
    const head = headOf(rows.get(key)) ?? heads.get(key);
    if (head === undefined && prior !== undefined) return replace(record, key, prior.get(key));
    const decision = decide(record, head);
    if (decision.fate === 'inserted') take(record, null);
    else if (decision.fate === 'updated') {
      const written = rows.get(key);
      take(record, written === undefined ? (head?.event ?? null) : written.previous);
    } else if (decision.fate === 'stale' && decision.silent !== true) {
      event += 1;
      events.push({ record, page, event, stale: true });
    }
    return decision;
  };

  const replace = (record: R, key: string, old: Head | undefined): { fate: Fate; conflict: boolean } => {
    if (old?.hash === record.hash) {
      rows.set(key, { record, page, event: old.event, previous: null });
      return { fate: 'unchanged', conflict: false };
    }
    take(record, null);
    return { fate: old === undefined ? 'inserted' : 'updated', conflict: false };
  };

  const counts = pages.map(({ records, quarantined }) => {
    return { ...noCounts, fetched: records.length + quarantined, quarantined };
  });
  const settle = (record: R, count: { -readonly [K in keyof Counts]: number }): void => {
    const { fate, conflict } = fateOf(record);
    count[fate] += 1;
    if (conflict) count.conflicts += 1;
  };
  if (turns === undefined)
    for (const { records } of pages) {
      page += 1;
      for (const record of records) settle(record, counts[page] as Counts);
    }
  else
    for (let turn = turns.next(); turn.done !== true; turn = turns.next(true)) {
      const { record, waits } = turn.value;
      page = turn.value.page;
      const count = counts[page] as { -readonly [K in keyof Counts]: number };
      if (waits === undefined) settle(record, count);
      else if (waits === 'again') count.unchanged += 1;
      else {
        event += 1;
        events.push({ record, page, event, waits: true });
        count.waiting += 1;
      }
    }

  const inserts = loose;
  const updates: Replaced<R>[] = [];
  for (const row of rows.values())
    if (isReplaced(row)) updates.push(row);
    else inserts.push(row);
  return { events, inserts, updates, lastEvent: event, counts };
}

interface Row<R> extends Written<R> {
  readonly previous: number | null;
}

const isReplaced = <R>(row: Row<R>): row is Replaced<R> => row.previous !== null;

const headOf = <R extends Foldable>(row: Row<R> | undefined): Head | undefined =>
  row === undefined
    ? undefined
    : { version: row.record.version, hash: row.record.hash, event: row.event, received: row.record.received };
