import { decide, type Arrival, type Fate, type Head } from './decide.ts';
import { noCounts, type Counts } from './counts.ts';
import type { Turn } from './turns.ts';
import { compareVersions } from './version.ts';
import { Graveyard, type Dead } from './graveyard.ts';
import type { Grave } from './grave.ts';

/** What the fold needs of a record; the adapter's record has more. */
export interface Foldable extends Arrival {
  /** null: the stream has no primary key, each record stands for itself. */
  readonly key: string | null;
  /** `d`: it says that the record of its key is gone. */
  readonly operation?: 'd' | undefined;
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

/** What a record says of itself is its `operation`: a delete stays one, also where it is stale. */
export interface Logged<R> extends Written<R> {
  /** It is older than what was known of its key, and changes nothing. */
  readonly stale?: true;
  /** What it needs is not there: it changes nothing until then. */
  readonly waits?: true;
}

/** A record whose version does not fit what is known of its key. */
export interface OddOne<R> extends Written<R> {
  /** `conflict`: same version, other content. `late`: an older version than the one that is known. */
  readonly odd: 'conflict' | 'late';
  /** The event that was known. */
  readonly known: number;
}

export interface Folded<R> {
  readonly events: readonly Logged<R>[];
  readonly inserts: readonly Written<R>[];
  readonly updates: readonly Replaced<R>[];
  /** Keys whose record has gone, or whose row is kept although it is gone. Only streams that know deletes have them. */
  readonly dead?: readonly Dead[];
  /** Keys that were known to be gone, and are there again. */
  readonly born?: readonly string[];
  /** The first records of keys that only a delete was known of. They are late, and no row shows them. `event`: theirs, or that of the delete. */
  readonly behindDeletes: readonly Written<R>[];
  readonly lastEvent: number;
  /** Per page, in the order given. */
  readonly counts: readonly Counts[];
  /** Each stands for one of `events`. */
  readonly odd: readonly OddOne<R>[];
}

export interface FoldInput<R> {
  readonly pages: readonly { readonly records: readonly R[]; readonly quarantined: number }[];
  /** Rows already in the table that is written. */
  readonly heads: ReadonlyMap<string, Head>;
  /** `replace`: rows of the table that will be replaced. A record that equals one is unchanged, whatever its version. */
  readonly prior?: ReadonlyMap<string, Head>;
  /** What is known to be gone; undefined: the stream knows no deletes. `keepsRows`: a row of what is gone stays. */
  readonly gone?: { readonly graves: ReadonlyMap<string, Grave>; readonly keepsRows: boolean } | undefined;
  readonly lastEvent: number;
  /** Another order than that of the pages, where records need each other. */
  readonly turns?: Generator<Turn<R>, void, boolean>;
}

/**
 * Decides what becomes of each record of some pages, in order, against what is known of their keys. Pure: the adapter
 * reads the heads before and writes the three lists after, all in one transaction under the stream's lock.
 */
export function fold<R extends Foldable>({ pages, heads, prior, gone, lastEvent, turns }: FoldInput<R>): Folded<R> {
  const graveyard = gone === undefined ? undefined : new Graveyard(gone, heads);
  const events: Logged<R>[] = [];
  const loose: Written<R>[] = [];
  const odd: OddOne<R>[] = [];
  const behindDeletes: Written<R>[] = [];
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
    const decision = graveyard?.decide(record, key, head) ?? decide(record, head);
    if (decision.fate === 'deleted') bury(record, key, head);
    else if (decision.fate === 'inserted') {
      graveyard?.open(key);
      take(record, previousOf(key));
    } else if (decision.fate === 'updated') take(record, previousOf(key));
    else if (decision.fate === 'stale' && decision.silent !== true) {
      event += 1;
      events.push({ record, page, event, stale: true });
      if (record.version !== null && head !== undefined)
        odd.push({ record, page, event, odd: 'late', known: head.event });
      // A row that is kept shows the newest that was there, however late it comes.
      if (graveyard?.fills(record, key, head) === true)
        rows.set(key, { record, page, event, previous: previousOf(key) });
    }
    if (decision.fate === 'stale' && record.operation !== 'd') {
      const known = graveyard?.know(key);
      if (known !== undefined) behindDeletes.push({ record, page, event: decision.silent === true ? known : event });
    }
    if (decision.conflict && head !== undefined) odd.push({ record, page, event, odd: 'conflict', known: head.event });
    return decision;
  };

  const bury = (record: R, key: string, head: Head | undefined): void => {
    event += 1;
    events.push({ record, page, event });
    graveyard?.bury(key, { version: record.version, hash: record.hash, received: record.received, event, page, head });
    // A row that is kept has at least its key.
    if (head === undefined) rows.set(key, { record, page, event, previous: null });
  };

  /** The event that the table shows. */
  const previousOf = (key: string): number | null => {
    const row = rows.get(key);
    return row === undefined ? (heads.get(key)?.event ?? null) : row.previous;
  };

  const replace = (record: R, key: string, old: Head | undefined): { fate: Fate; conflict: boolean } => {
    if (old?.hash === record.hash) {
      rows.set(key, { record, page, event: old.event, previous: null });
      return { fate: 'unchanged', conflict: false };
    }
    take(record, null);
    if (old === undefined) return { fate: 'inserted', conflict: false };
    const conflict = record.version !== null && compareVersions(record.version, old.version) === 0;
    if (conflict) odd.push({ record, page, event, odd: 'conflict', known: old.event });
    return { fate: 'updated', conflict };
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
    for (let turn = turns.next(); turn.done !== true;) {
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
      turn = turns.next(record.key === null || graveyard?.isGone(record.key) !== true);
    }

  const inserts = loose;
  const updates: Replaced<R>[] = [];
  for (const [key, row] of rows)
    if (graveyard?.removes(key) === true) continue;
    else if (isReplaced(row)) updates.push(row);
    else inserts.push(row);
  const folded = { events, inserts, updates, lastEvent: event, counts, odd, behindDeletes };
  return graveyard === undefined ? folded : { ...folded, dead: graveyard.dead(rows), born: graveyard.born() };
}

interface Row<R> extends Written<R> {
  readonly previous: number | null;
}

const isReplaced = <R>(row: Row<R>): row is Replaced<R> => row.previous !== null;

const headOf = <R extends Foldable>(row: Row<R> | undefined): Head | undefined =>
  row === undefined
    ? undefined
    : {
        // Of what only a delete is known, nothing is.
        version: row.record.operation === 'd' ? null : row.record.version,
        hash: row.record.hash,
        event: row.event,
        received: row.record.received,
      };
