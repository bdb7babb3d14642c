import { createHash } from 'node:crypto';
import type { Column } from '../../core/column.ts';
import type { Changes, Target, TargetRow, TargetTable } from '../../targets/target.ts';

export const column = (name: string, type: Column['type']): Column => ({ name, path: [name], type });

/** Keyed by `id`. */
export const orders: TargetTable = {
  schema: 'acme',
  table: 'orders',
  columns: [column('id', 'integer'), column('status', 'text'), column('amount', 'number')],
  keys: 1,
  rowPer: 'key',
};

/** One row per event, without a key. */
export const visits: TargetTable = {
  schema: 'acme',
  table: 'visits',
  columns: [column('page', 'text')],
  keys: 0,
  rowPer: 'event',
};

export const rowOf = (event: number, values: readonly (string | null)[], more: Partial<TargetRow> = {}): TargetRow => ({
  event,
  page: 1,
  ordinal: event,
  run: 1,
  version: null,
  hash: createHash('md5').update(JSON.stringify(values)).digest('hex'),
  values,
  extra: null,
  ...more,
});

export const changesOf = (from: number, upserts: readonly TargetRow[], more: Partial<Changes> = {}): Changes => ({
  from,
  to: Math.max(from, ...upserts.map((row) => row.event)),
  clears: false,
  deletes: [],
  upserts,
  ...more,
});

export async function valuesOf(target: Target, table: TargetTable): Promise<(readonly (string | null)[])[]> {
  const rows: (readonly (string | null)[])[] = [];
  for await (const { values } of target.rows(table)) rows.push(values);
  return rows;
}
