import type { Head } from './decide.ts';
import type { Foldable, Replaced, Written } from './fold.ts';
import { KeyedRows } from './keyed-rows.ts';

export interface FoldedLog<R> {
  readonly inserts: readonly Written<R>[];
  readonly updates: readonly Replaced<R>[];
}

/** An event of the log, as a table takes it. */
export interface LoggedRecord<R> extends Written<R> {
  /** Left out: a record came that was the newest of its key. */
  readonly operation?: 's' | 'd';
  /** Of a delete: when it was received, ISO. */
  readonly deletedAt?: string | undefined;
}

export interface FoldedRows<R> extends FoldedLog<R> {
  /** Keys whose rows go. */
  readonly removed: readonly string[];
  /** Keys whose rows stay although their records are gone, and since when, ISO. */
  readonly buried: ReadonlyMap<string, string>;
}

/**
 * What a table gains from events that have their numbers already: the same decisions as when they came (`fold`), in the
 * order of the log. `heads` is what the table shows of their keys.
 */
export function foldLog<R extends Foldable>(
  events: readonly LoggedRecord<R>[],
  heads: ReadonlyMap<string, Head>,
  { keepsRows = false }: { readonly keepsRows?: boolean } = {},
): FoldedRows<R> {
  const inserts: Written<R>[] = [];
  const rows = new KeyedRows<Written<R>>(heads, keepsRows);
  for (const { operation = 'u', deletedAt, ...written } of events) {
    const { record, event } = written;
    if (record.key === null) inserts.push(written);
    else rows.take({ key: record.key, event, operation, arrival: record, item: written, deletedAt });
  }
  const updates: Replaced<R>[] = [];
  const removed: string[] = [];
  const buried = new Map<string, string>();
  for (const [key, { written, previous, gone }] of rows.rows) {
    if (gone !== null && keepsRows) buried.set(key, gone);
    else if (gone !== null && previous !== null) removed.push(key);
    if (written === null) continue;
    if (previous === null) inserts.push(written.item);
    else updates.push({ ...written.item, previous });
  }
  return { inserts, updates, removed, buried };
}

/**
 * What a table gains from events of a complete listing, which stands for itself: the last of each key holds, whatever the table shows.
 */
export function foldListed<R extends Foldable>(
  events: readonly Written<R>[],
  heads: ReadonlyMap<string, Head>,
): FoldedLog<R> {
  const inserts: Written<R>[] = [];
  const rows = new Map<string, Written<R>>();
  for (const written of events) {
    const { key } = written.record;
    if (key === null) inserts.push(written);
    else rows.set(key, written);
  }
  const updates: Replaced<R>[] = [];
  for (const [key, written] of rows) {
    const head = heads.get(key);
    if (head === undefined) inserts.push(written);
    else if (head.event !== written.event) updates.push({ ...written, previous: head.event });
  }
  return { inserts, updates };
}
