import type { ColumnType } from '../../core/column.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { type Rename, notYet, pendingRenames, saidClash, widens } from '../../core/reshape.ts';
import type { OpenedTable, TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, nameOf, quoted, saidName } from './names.ts';
import { nameColumns, type StoredColumn } from './stored-columns.ts';
import { duckdbTypes, isNumberInKey, typeOf } from './types.ts';

export interface Reshaped {
  readonly renames: readonly Rename[];
  /** Columns that rows hold otherwise, in `_extra`: they are to be filled from the log. undefined: no column was touched. */
  readonly unfilled: readonly string[] | undefined;
}

/** Gives columns their new names and wider types, where the store's own table has them. Call it in a transaction. */
export async function reshape(on: FileWork, table: TargetTable, found: readonly StoredColumn[]): Promise<Reshaped> {
  const { renames, clash } = pendingRenames(
    table.columns,
    found.map(({ name }) => name),
  );
  if (clash !== undefined) throw new NeedsAttention(saidClash(saidName(table), clash));
  const wider = table.tellsTypes === true ? [] : widerIn(table, found, renames);
  if (renames.length + wider.length === 0) return { renames, unfilled: undefined };
  if (table.reshapes !== true) throw notYet(saidName(table), renames);
  const touched = table.columns.filter(
    (column) => wider.some(({ name }) => name === column.name) || renames.some(({ to }) => to === column.name),
  );
  const isHeld = await isInExtra(on, table, touched);
  // What follows alters the table: rows are written before.
  for (const rename of renames) await renameExact(on, table, rename);
  for (const { stored, type } of wider)
    await on.sql.run(
      `alter table ${nameOf(on.catalog, table)} alter column ${quoted(stored)} set data type ${duckdbTypes[type]} using ${
        type === 'timestamp'
          ? `(${quoted(stored)}::varchar || ' 00:00:00+00')::${duckdbTypes[type]}`
          : `${quoted(stored)}::${duckdbTypes[type]}`
      }`,
    );
  for (const rename of renames) await renameColumn(on, table, { found, rename });
  return { renames, unfilled: isHeld ? touched.map(({ name }) => name) : [] };
}

interface Wider {
  readonly name: string;
  readonly stored: string;
  readonly type: ColumnType;
}

/** Columns that can get their types in place. Those of the key keep theirs: the log calls keys by them. */
function widerIn(
  { columns, keys }: TargetTable,
  found: readonly StoredColumn[],
  renames: readonly Rename[],
): readonly Wider[] {
  return columns.slice(keys).flatMap((column): Wider[] => {
    const { name, type } = column;
    const before = renames.find(({ to }) => to === name)?.from ?? name;
    const there = found.find((each) => each.name === before);
    const from = kindOf(there?.type);
    return there !== undefined && from !== undefined && from !== type && widens(from, column)
      ? [{ name, stored: there.stored, type }]
      : [];
  });
}

/** Columns of other types, with what they are. */
export function retypedIn(table: TargetTable, found: readonly StoredColumn[]): NonNullable<OpenedTable['retyped']> {
  return table.columns.flatMap(({ name }, i) => {
    const there = found.find((each) => each.name === name);
    if (there === undefined || there.type === typeOf(table, i) || isNumberInKey(table, i)) return [];
    return [{ name, type: kindOf(there.type) ?? 'text' }];
  });
}

const kindOf = (type: string | undefined): ColumnType | undefined =>
  (Object.keys(duckdbTypes) as ColumnType[]).find((kind) => duckdbTypes[kind] === type);

/** DuckDB takes `Id` and `id` for one name: the new one gets the name that it would have as a new column. */
async function renameColumn(
  on: FileWork,
  table: TargetTable,
  { found, rename }: { readonly found: readonly StoredColumn[]; readonly rename: Rename },
): Promise<void> {
  const name = nameOf(on.catalog, table);
  const from = found.find((each) => each.name === rename.from)?.stored ?? rename.from;
  const others = found.filter((each) => each.name !== rename.from);
  const to = nameColumns(others, [rename.to]).get(rename.to) as string;
  if (from !== to) await on.sql.run(`alter table ${name} rename column ${quoted(from)} to ${quoted(to)}`);
  await on.sql.run(`comment on column ${name}.${quoted(to)} is ${to === rename.to ? 'null' : literal(rename.to)}`);
}

/** Exact texts of numbers are kept by the column's name. */
async function renameExact({ sql, catalog }: FileWork, table: TargetTable, { from, to }: Rename): Promise<void> {
  const pointer = literal(`/${from.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  await sql.run(
    `update ${nameOf(catalog, table)} set _exact = json_merge_patch(_exact, json_object(${literal(from)}, null, ${literal(to)}, json_extract_string(_exact, ${pointer})))
      where json_exists(_exact, ${pointer})`,
  );
}

async function isInExtra(
  { sql, catalog }: FileWork,
  table: TargetTable,
  columns: TargetTable['columns'],
): Promise<boolean> {
  const names = columns.flatMap(({ path, was = [] }) => [path[0] ?? '', ...was]);
  // What is kept of an object is under its name, which may be another one, too.
  const anyOf = columns.some(({ path }) => path.length > 1)
    ? '_extra is not null'
    : names.map((name) => `list_contains(json_keys(_extra), ${literal(name)})`).join(' or ');
  const [row] = await sql.rows(`select 1 from ${nameOf(catalog, table)} where ${anyOf} limit 1`);
  return row !== undefined;
}
