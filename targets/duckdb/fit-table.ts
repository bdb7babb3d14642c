import { randomUUID } from 'node:crypto';
import { NeedsAttention } from '../../core/errors.ts';
import { mayBeOutdated, STAMP } from '../../core/stamp.ts';
import { stampedOf, type OpenedTable, type TargetTable } from '../target.ts';
import { ensureCursors, readCursor, rowKeyOf, writeCursor, type Cursor } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, nameOf, quoted, saidName } from './names.ts';
import { nameColumns, storedColumns, type StoredColumn } from './stored-columns.ts';
import { changes, isQueried } from '../table-mark.ts';
import { changeOf, keepChanged, readMarkOf, writeMarkOn } from './changed-table.ts';
import { makeChildViews } from './child-views.ts';
import { reshape, retypedIn } from './reshape.ts';
import { lineage, typeOf } from './types.ts';

/** Makes the table, or makes it fit, in one transaction, and says where it stands. */
export async function fitTable(on: FileWork, table: TargetTable, owner: string): Promise<OpenedTable> {
  return on.sql.transaction(async () => {
    const opened = await fit(on, table, owner);
    if (opened.outdated !== true && opened.changed === undefined) await makeChildViews(on, table);
    return opened;
  });
}

async function fit(on: FileWork, table: TargetTable, owner: string): Promise<OpenedTable> {
  await ensureCursors(on);
  let known = await readCursor(on, table);
  if (known !== undefined && known.owner !== owner)
    throw new NeedsAttention(
      `${saidName(table)} belongs to ${known.owner}, and this is ${owner}: give the partner another name, or each ` +
        'installation a file of its own',
    );
  const found = await storedColumns(on, table);
  if (found.length === 0) {
    // Whoever asks for it gets an error, which is better than a part of it.
    if (isQueried(table) && known !== undefined && known.event > 0)
      return { id: known.id, event: known.event, unfilled: known.unfilled, changed: changes.dropped };
    return begin(on, table, { owner, id: await createTable(on, table) });
  }
  const mark = await readMarkOf(on, table);
  const changed = await changeOf(on, table, { known, mark });
  const begins = changed !== undefined && !isQueried(table);
  if (changed !== undefined && !begins) known = await keepChanged(on, table, { owner, known, mark });
  const said = changed === undefined ? {} : { changed };
  if (known !== undefined && !begins && (await isOutdated(on, table, found)))
    return { id: known.id, event: known.event, unfilled: known.unfilled, outdated: true, ...said };
  const { renames, unfilled: held } = await reshape(on, table, found);
  const columns = renames.length === 0 && held === undefined ? found : await storedColumns(on, table);
  if (known !== undefined && renames.length + (held?.length ?? 0) > 0) {
    const named = (name: string): string => renames.find(({ from }) => from === name)?.to ?? name;
    const keys = (JSON.parse(known.rowKey) as string[]).map(named);
    const unfilled = known.event === 0 ? [] : [...new Set([...known.unfilled.map(named), ...(held ?? [])])];
    known = { ...known, rowKey: JSON.stringify(keys), unfilled };
    await writeCursor(on, table, known);
  }
  if (known !== undefined && known.rowKey !== rowKeyOf(table))
    throw new NeedsAttention(
      `the row key of ${saidName(table)} is ${known.rowKey}, the definition makes it ${rowKeyOf(table)}: change the ` +
        'definition back, or build the table anew (syncline rebuild)',
    );
  const retyped = table.tellsTypes === true ? retypedIn(table, columns) : [];
  const added = await addColumns(on, table, columns);
  if (known === undefined || begins) return begin(on, table, { owner, id: mark.id });
  const opened = { ...known, unfilled: known.event === 0 ? [] : [...known.unfilled, ...added] };
  if (opened.unfilled.length !== known.unfilled.length) await writeCursor(on, table, opened);
  const { id, event, unfilled } = opened;
  return { id, event, unfilled, ...(retyped.length === 0 ? {} : { retyped }), ...said };
}

/** Whether other transforms made the table's rows. All rows of a table were made by the same ones: one tells. */
export async function isOutdated(
  { sql, catalog }: FileWork,
  table: TargetTable,
  columns: readonly StoredColumn[],
): Promise<boolean> {
  const there = columns.map(({ name }) => name);
  if (!mayBeOutdated(stampedOf(table), there)) return false;
  const own = columns.find(({ name }) => name === STAMP);
  const [row] = await sql.rows(
    `select ${own === undefined ? 'null' : quoted(own.stored)} from ${nameOf(catalog, table)} limit 1`,
  );
  return row !== undefined && (row[0] ?? null) !== (table.stamp ?? null);
}

/** The table is ours, and empty; its cursor is at the beginning. */
async function begin(
  on: FileWork,
  table: TargetTable,
  { owner, id }: Pick<Cursor, 'owner' | 'id'>,
): Promise<OpenedTable> {
  await on.sql.run(`delete from ${nameOf(on.catalog, table)}`);
  await writeCursor(on, table, { id, owner, event: 0, rows: 0, rowKey: rowKeyOf(table), unfilled: [] });
  return { id, event: 0, unfilled: [] };
}

async function createTable({ sql, catalog }: FileWork, table: TargetTable): Promise<string> {
  const names = nameColumns(
    [],
    table.columns.map(({ name }) => name),
  );
  const name = nameOf(catalog, table);
  const id = randomUUID();
  await sql.run(`create schema if not exists ${quoted(catalog)}.${quoted(table.schema)}`);
  await sql.run(
    `create table ${name} (${[
      ...table.columns.map(
        (column, i) =>
          `${quoted(names.get(column.name) as string)} ${typeOf(table, i)}${i < table.keys ? ' NOT NULL' : ''}`,
      ),
      ...Object.entries(lineage).map(([own, type]) => `${own} ${type}`),
    ].join(', ')})`,
  );
  await writeMarkOn({ sql, catalog }, table, { id, changed: false });
  for (const [column, stored] of names)
    if (column !== stored) await rememberName({ sql, catalog }, table, column, stored);
  return id;
}

export const rememberName = (
  { sql, catalog }: FileWork,
  table: TargetTable,
  column: string,
  stored: string,
): Promise<number> => sql.run(`comment on column ${nameOf(catalog, table)}.${quoted(stored)} is ${literal(column)}`);

/** Returns the names of those that were missing. */
async function addColumns(
  on: FileWork,
  table: TargetTable,
  found: readonly StoredColumn[],
): Promise<readonly string[]> {
  const names = nameColumns(
    found,
    table.columns.map(({ name }) => name),
  );
  const types = new Map(found.map(({ stored, type }) => [stored, type]));
  const missing = Object.keys(lineage).filter((own) => !types.has(own));
  if (missing.length > 0)
    throw new NeedsAttention(
      `${saidName(table)} has lost its column ${missing.join(', ')}: drop the table, and it is filled anew`,
    );
  const added: string[] = [];
  for (const [i, { name }] of table.columns.entries()) {
    const stored = names.get(name) as string;
    const type = types.get(stored);
    if (type === undefined) {
      await on.sql.run(`alter table ${nameOf(on.catalog, table)} add column ${quoted(stored)} ${typeOf(table, i)}`);
      if (stored !== name) await rememberName(on, table, name, stored);
      added.push(name);
    } else if (type !== typeOf(table, i) && table.tellsTypes !== true)
      throw new NeedsAttention(
        `column ${saidName(table)}.${stored} is ${type}, the definition makes it ${typeOf(table, i)}: change the ` +
          'definition back, or build the table anew (syncline rebuild)',
      );
  }
  return added;
}
