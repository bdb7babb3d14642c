import type { Micros } from './micros.ts';

/** One stream of the world, by index: times and revisions are kept, records are made from them when asked for. */
export interface Table {
  /** How many rows it began with. */
  readonly initial: number;
  count: number;
  created: Float64Array;
  updated: Float64Array;
  revision: Uint32Array;
  readonly removed: Set<number>;
  readonly sortedBy: 'updated' | 'index';
  /** Indexes in listing order, without the removed ones. */
  order: Uint32Array;
  /** Grows with each change. */
  version: number;
}

export function createTable(rows: {
  readonly count: number;
  readonly sortedBy: Table['sortedBy'];
  readonly times: (index: number) => { readonly created: Micros; readonly updated: Micros };
  readonly exists?: (index: number) => boolean;
}): Table {
  const created = new Float64Array(rows.count);
  const updated = new Float64Array(rows.count);
  const removed = new Set<number>();
  for (let index = 0; index < rows.count; index++) {
    if (rows.exists?.(index) === false) removed.add(index);
    const times = rows.times(index);
    created[index] = times.created;
    updated[index] = times.updated;
  }
  const table: Table = {
    initial: rows.count,
    count: rows.count,
    created,
    updated,
    revision: new Uint32Array(rows.count),
    removed,
    sortedBy: rows.sortedBy,
    order: new Uint32Array(),
    version: 0,
  };
  reorder(table);
  return table;
}

export const updatedOf = (table: Table, index: number): Micros => table.updated[index] ?? 0;

/** Appends one row. */
export function addRow(table: Table, at: Micros): void {
  if (table.count === table.created.length) {
    const size = Math.max(64, table.count * 2);
    table.created = grown(table.created, new Float64Array(size));
    table.updated = grown(table.updated, new Float64Array(size));
    table.revision = grown(table.revision, new Uint32Array(size));
  }
  table.created[table.count] = at;
  table.updated[table.count] = at;
  table.count += 1;
}

/** To be called after any change of rows. */
export function reorder(table: Table): void {
  const order = new Uint32Array(table.count - table.removed.size);
  let next = 0;
  for (let index = 0; index < table.count; index++) if (!table.removed.has(index)) order[next++] = index;
  const { updated } = table;
  if (table.sortedBy === 'updated') order.sort((a, b) => (updated[a] ?? 0) - (updated[b] ?? 0) || a - b);
  table.order = order;
  table.version += 1;
}

function grown<T extends Float64Array | Uint32Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}
