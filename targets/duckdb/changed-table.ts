import { randomUUID } from 'node:crypto';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import { changes, readMark, writeMark, type TableMark } from '../table-mark.ts';
import type { TargetTable } from '../target.ts';
import { rowKeyOf, writeCursor, type Cursor } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, nameOf, saidName, tableAt } from './names.ts';
import { storedColumns } from './stored-columns.ts';

interface Marked {
  /** undefined: nothing is noted of the table. */
  readonly known: Cursor | undefined;
  readonly mark: TableMark;
}

/** How it shows that somebody changed rows or cursors, or put an older copy of something back; undefined: the table is as it was left. */
export async function changeOf(on: FileWork, table: TargetTable, { known, mark }: Marked): Promise<string | undefined> {
  const rows = await countRows(on, table);
  if (known === undefined) return rows === 0 ? undefined : changes.another;
  if (known.rows !== rows) {
    if (rows === 0) return changes.emptied;
    return known.rows === 0 ? changes.begun : changes.rows(rows, known.rows);
  }
  if (mark.id !== known.id) return changes.another;
  return mark.changed ? changes.noted : undefined;
}

/** A load writes to no table that somebody has changed since it was opened. */
export async function expectAsLeft(on: FileWork, table: TargetTable, known: Cursor): Promise<void> {
  const changed =
    (await storedColumns(on, table)).length === 0
      ? changes.dropped
      : await changeOf(on, table, { known, mark: await readMarkOf(on, table) });
  if (changed !== undefined)
    throw new RetryLater(`somebody has changed ${saidName(table)} (${changed}): looking at it again`, { afterMs: 0 });
}

/** It stays changed until another table takes its place, also where somebody puts back as many rows. */
export async function keepChanged(
  on: FileWork,
  table: TargetTable,
  { owner, known, mark }: Marked & { readonly owner: string },
): Promise<Cursor> {
  const id = known?.id ?? randomUUID();
  if (!mark.changed || mark.id !== id) await writeMarkOn(on, table, { id, changed: true });
  if (known !== undefined) return known;
  const cursor = { id, owner, event: 0, rows: await countRows(on, table), rowKey: rowKeyOf(table), unfilled: [] };
  await writeCursor(on, table, cursor);
  return cursor;
}

export async function countRows({ sql, catalog }: FileWork, table: TargetTable): Promise<number> {
  // From the file's statistics: 1 ms for a million rows.
  const [count] = await sql.rows(`select count(*) from ${nameOf(catalog, table)}`);
  return Number(count?.[0]);
}

export async function writeMarkOn({ sql, catalog }: FileWork, table: TargetTable, mark: TableMark): Promise<void> {
  await sql.run(`comment on table ${nameOf(catalog, table)} is ${literal(writeMark(mark))}`);
}

/** A table without a mark is somebody's own. */
export async function readMarkOf({ sql, catalog }: FileWork, table: TargetTable): Promise<TableMark> {
  const [row] = await sql.rows(
    `select comment from duckdb_tables() where database_name = $1 and schema_name = $2 and lower(table_name) = $3`,
    [catalog, table.schema, tableAt(table.table, table.place)],
  );
  // A view has columns, and is no table.
  if (row === undefined) throw new NeedsAttention(`${saidName(table)} is a view that somebody made: rename or drop it`);
  const mark = readMark(String(row[0]));
  if (mark !== undefined) return mark;
  throw new NeedsAttention(
    `${saidName(table)} is a table that somebody else made: rename or drop it, and it is filled from the event log`,
  );
}
