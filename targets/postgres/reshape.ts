import type { ClientBase } from 'pg';
import type { ColumnType } from '../../core/column.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { type Rename, notYet, pendingRenames, renamed, saidClash, widens } from '../../core/reshape.ts';
import type { OpenedTable, TargetTable } from '../target.ts';
import { lockBriefly } from './lock-briefly.ts';
import { nameOf, quoted, saidName } from './names.ts';
import type { TableFacts } from './table-facts.ts';
import { catalogTypes, typeOf } from './types.ts';

export interface Reshaped {
  readonly facts: TableFacts;
  readonly renames: readonly Rename[];
  /** Columns that rows hold otherwise, in `_extra`: they are to be filled from the log. */
  readonly unfilled: readonly string[];
  /** A column is to get a wider type, and people would wait too long for the table. */
  readonly tooLarge: boolean;
}

/**
 * PostgreSQL writes all rows of a table anew when a column gets another type, and nobody can read it meanwhile: some seconds a gigabyte. Beyond this
 * the table is made anew beside the live one instead.
 */
const LARGEST_BYTES = 256 * 1024 * 1024;

/** Gives columns their new names and wider types, where the store's own table has them. Call it in a transaction. */
export async function reshape(client: ClientBase, table: TargetTable, facts: TableFacts): Promise<Reshaped> {
  const names = facts.columns.map(({ name }) => name);
  const { renames, clash } = pendingRenames(table.columns, names);
  if (clash !== undefined) throw new NeedsAttention(saidClash(saidName(table), clash));
  const after = { ...facts, columns: renamed(facts.columns, renames) };
  const wider = table.tellsTypes === true ? [] : widerIn(table, after);
  const none = { facts: after, renames, unfilled: [], tooLarge: false };
  if (renames.length + wider.length === 0) return none;
  if (table.reshapes !== true) throw notYet(saidName(table), renames);
  if (wider.length > 0 && (await bytesOf(client, table)) > LARGEST_BYTES)
    return { ...none, facts, renames: [], tooLarge: true };
  const touched = table.columns.filter(
    (column) => wider.includes(column) || renames.some(({ to }) => to === column.name),
  );
  const unfilled = (await isInExtra(client, table, touched)) ? touched.map(({ name }) => name) : [];
  await lockBriefly(client, nameOf(table));
  for (const { from, to } of renames)
    await client.query(`alter table ${nameOf(table)} rename column ${quoted(from)} to ${quoted(to)}`);
  for (const { name, type } of wider)
    await client.query(
      `alter table ${nameOf(table)} alter column ${quoted(name)} type ${typeOf(type)} using ${quoted(name)}${type === 'timestamp' ? `::timestamp at time zone 'UTC'` : `::${typeOf(type)}`}`,
    );
  const types = new Map(wider.map(({ name, type }) => [name, catalogTypes[type]]));
  const columns = after.columns.map((column) => ({ ...column, type: types.get(column.name) ?? column.type }));
  return { ...none, facts: { ...after, columns }, unfilled };
}

/** Columns that can get their types in place. Those of the key keep theirs: the log calls keys by them. */
function widerIn({ columns, keys }: TargetTable, facts: TableFacts): readonly TargetTable['columns'][number][] {
  const types = new Map(facts.columns.map(({ name, type }) => [name, type]));
  return columns.slice(keys).filter((column) => {
    const from = kindOf(types.get(column.name));
    return from !== undefined && from !== column.type && widens(from, column);
  });
}

/** Columns of other types, with what they are. */
export function retypedIn({ columns }: TargetTable, facts: TableFacts): NonNullable<OpenedTable['retyped']> {
  const types = new Map(facts.columns.map(({ name, type }) => [name, type]));
  return columns.flatMap(({ name, type }) => {
    const found = types.get(name);
    return found === undefined || found === catalogTypes[type] ? [] : [{ name, type: kindOf(found) ?? 'text' }];
  });
}

const kindOf = (type: string | undefined): ColumnType | undefined =>
  (Object.keys(catalogTypes) as ColumnType[]).find((kind) => catalogTypes[kind] === type);

async function isInExtra(client: ClientBase, table: TargetTable, columns: TargetTable['columns']): Promise<boolean> {
  // What is kept of an object is under its name, which may be another one, too.
  const anyOf = columns.some(({ path }) => path.length > 1) ? '_extra is not null' : '_extra ?| $1::text[]';
  const { rows } = await client.query<{ any: boolean }>(
    `select exists (select from ${nameOf(table)} where $1::text[] is not null and ${anyOf}) as any`,
    [columns.flatMap(({ path, was = [] }) => [path[0] ?? '', ...was])],
  );
  return rows[0]?.any === true;
}

async function bytesOf(client: ClientBase, table: TargetTable): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>('select pg_total_relation_size(to_regclass($1)) as bytes', [
    nameOf(table),
  ]);
  return Number(rows[0]?.bytes);
}
