import { decide, type Head } from './decide.ts';
import type { Foldable, Replaced, Written } from './fold.ts';

export interface FoldedLog<R> {
  readonly inserts: readonly Written<R>[];
  readonly updates: readonly Replaced<R>[];
}

/**
 * What a table gains from events that have their numbers already: the same decisions as when they came (`fold`), in the
 * order of the log. `heads` is what the table shows of their keys.
 */
export function foldLog<R extends Foldable>(
  events: readonly Written<R>[],
  heads: ReadonlyMap<string, Head>,
): FoldedLog<R> {
  const inserts: Written<R>[] = [];
  /** The newest of each key among these events, and the event that the table shows instead. */
  const rows = new Map<string, { readonly written: Written<R>; readonly previous: number | null }>();
  for (const written of events) {
    const { key } = written.record;
    if (key === null) {
      inserts.push(written);
      continue;
    }
    const row = rows.get(key);
    const head = row === undefined ? heads.get(key) : headOf(row.written);
    const { fate } = decide(written.record, head);
    if (fate === 'unchanged' || fate === 'stale') continue;
    rows.set(key, { written, previous: row === undefined ? (head?.event ?? null) : row.previous });
  }
  const updates: Replaced<R>[] = [];
  for (const { written, previous } of rows.values())
    if (previous === null) inserts.push(written);
    else updates.push({ ...written, previous });
  return { inserts, updates };
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

const headOf = <R extends Foldable>({ record, event }: Written<R>): Head => ({
  version: record.version,
  hash: record.hash,
  event,
  received: record.received,
});
