import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import { changes, readMark, writeMark, type TableMark } from '../table-mark.ts';
import type { TargetTable } from '../target.ts';
import { rowKeyColumns, writeCursor, type Cursor } from './cursors.ts';
import { nameOf, saidName } from './names.ts';
import { readTable } from './table-facts.ts';
import { touchedBy, watchRows } from './touched.ts';

interface Marked {
  /** undefined: nothing is noted of the table. */
  readonly known: Cursor | undefined;
  readonly mark: TableMark;
}

/** How it shows that somebody changed rows or cursors; undefined: it does not. Rows are not counted, which would read all of them: whoever touches some is noted. */
export async function changeOf(
  client: ClientBase,
  table: TargetTable,
  { known, mark }: Marked,
): Promise<string | undefined> {
  const has = await hasRows(client, table);
  if (known === undefined) return has ? changes.another : undefined;
  if (known.hasRows !== has) return has ? changes.begun : changes.emptied;
  if (mark.id !== known.id) return changes.another;
  if (mark.changed) return changes.noted;
  const touched = await touchedBy(client, mark.id);
  return touched === undefined ? undefined : changes.touched(touched);
}

/** A load writes to no table that somebody has changed since it was opened. */
export async function expectAsLeft(client: ClientBase, table: TargetTable, known: Cursor): Promise<void> {
  const changed =
    (await readTable(client, nameOf(table))) === undefined
      ? changes.dropped
      : await changeOf(client, table, { known, mark: await readMarkOf(client, table) });
  if (changed !== undefined)
    throw new RetryLater(`somebody has changed ${saidName(table)} (${changed}): looking at it again`, { afterMs: 0 });
}

/** It stays changed until another table takes its place, also where somebody fills it again. */
export async function keepChanged(
  client: ClientBase,
  table: TargetTable,
  { owner, known, mark }: Marked & { readonly owner: string },
): Promise<Cursor> {
  const id = known?.id ?? randomUUID();
  if (!mark.changed || mark.id !== id) await writeMarkOn(client, table, { id, changed: true });
  if (known !== undefined) return known;
  const rowKey = JSON.stringify(rowKeyColumns(table));
  const cursor = { id, owner, event: 0, hasRows: await hasRows(client, table), rowKey, unfilled: [] };
  await writeCursor(client, table, cursor);
  return cursor;
}

export async function hasRows(client: ClientBase, table: TargetTable): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>(`select exists (select from ${nameOf(table)}) as any`);
  return rows[0]?.any === true;
}

export async function writeMarkOn(client: ClientBase, table: TargetTable, mark: TableMark): Promise<void> {
  await client.query(`comment on table ${nameOf(table)} is '${writeMark(mark)}'`);
  await watchRows(client, table, mark.id);
}

/** A table without a mark is somebody's own. */
export async function readMarkOf(client: ClientBase, table: TargetTable): Promise<TableMark> {
  const { rows } = await client.query<{ says: string | null }>(
    `select obj_description(to_regclass($1), 'pg_class') as says`,
    [nameOf(table)],
  );
  const mark = readMark(rows[0]?.says ?? '');
  if (mark !== undefined) return mark;
  throw new NeedsAttention(
    `${saidName(table)} is a table or view that somebody else made: rename or drop it, and it is filled from the event log`,
  );
}
