import { InvalidInput } from '../core/errors.ts';
import type { Micros } from './micros.ts';
import { microsOf } from './micros.ts';
import { updatedOf } from './table.ts';
import type { Table } from './table.ts';

/** What a listing walks over: indexes in listing order. */
export interface Selection {
  readonly table: Table;
  readonly indexes: Uint32Array;
  /** Where `indexes` begins in the table's own order; null when it is not one piece of it. */
  readonly offset: number | null;
}

/** `[since, until)` of the time that sorts or filters. */
export interface Range {
  readonly since: Micros;
  readonly until: Micros;
}

export function rangeOf(query: URLSearchParams): Range {
  const bound = (names: readonly string[], otherwise: Micros): Micros => {
    const name = names.find((each) => query.has(each));
    return name === undefined ? otherwise : microsOf(query.get(name) ?? '', name);
  };
  return {
    since: bound(['updated_since', 'created_since'], -Infinity),
    until: bound(['updated_until', 'created_until'], Infinity),
  };
}

export function selectRows(table: Table, range: Range): Selection {
  if (range.since === -Infinity && range.until === Infinity) return { table, indexes: table.order, offset: 0 };
  if (table.sortedBy === 'updated') {
    const from = firstAfter(table, table.order, { updated: range.since, index: -1 });
    const to = Math.max(from, firstAfter(table, table.order, { updated: range.until, index: -1 }));
    return { table, indexes: table.order.subarray(from, to), offset: from };
  }
  const within = (index: number): boolean => {
    const updated = updatedOf(table, index);
    return updated >= range.since && updated < range.until;
  };
  const known = remembered.get(table);
  if (known?.version === table.version && known.since === range.since && known.until === range.until)
    return { table, indexes: known.indexes, offset: null };
  const indexes = table.order.filter(within);
  remembered.set(table, { ...range, version: table.version, indexes });
  return { table, indexes, offset: null };
}

/** The last filtered selection of each table: the pages of one listing ask for the same one again and again. */
const remembered = new WeakMap<Table, Range & { readonly version: number; readonly indexes: Uint32Array }>();

interface SortKey {
  readonly updated: Micros;
  readonly index: number;
}

/** The first position whose (updated, index) is greater than the key's. `indexes` must be sorted that way. */
export function firstAfter(table: Table, indexes: Uint32Array, key: SortKey): number {
  return firstTrue(indexes.length, (position) => {
    const index = indexes[position] ?? 0;
    const updated = updatedOf(table, index);
    return updated > key.updated || (updated === key.updated && index > key.index);
  });
}

/** Binary search: the first position for which `test` holds, given that it holds for all later ones. */
export function firstTrue(length: number, test: (position: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A token names the last row served, so that rows changed meanwhile cannot shift the rest. */
export function tokenOf(selection: Selection, position: number): string {
  const index = position === 0 ? undefined : selection.indexes[position - 1];
  const text = index === undefined ? 'start' : `${updatedOf(selection.table, index)}.${index}`;
  return Buffer.from(text).toString('base64url');
}

export function positionOf(selection: Selection, token: string): number {
  const text = Buffer.from(token, 'base64url').toString();
  if (text === 'start') return 0;
  const key = /^(\d{1,17})\.(\d{1,9})$/.exec(text);
  if (key === null) throw new InvalidInput('the cursor is not one of ours');
  return firstAfter(selection.table, selection.indexes, { updated: Number(key[1]), index: Number(key[2]) });
}
