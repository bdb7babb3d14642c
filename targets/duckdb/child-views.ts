import { parentColumn, POSITION, type ChildTable } from '../../core/child-table.ts';
import type { ColumnType } from '../../core/column.ts';
import { NeedsAttention } from '../../core/errors.ts';
import type { TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, nameOf, qualified, quoted } from './names.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';
import { duckdbTypes } from './types.ts';

/**
 * Makes the views of a live table's children. They find the table by its name, so one that takes its place is theirs as well. Call it in a
 * transaction.
 */
export async function makeChildViews(on: FileWork, table: TargetTable): Promise<void> {
  const { sql, catalog } = on;
  if ((table.place ?? 'live') !== 'live' || table.children === undefined) return;
  const names = nameColumns(
    await storedColumns(on, table),
    table.columns.map(({ name }) => name),
  );
  for (const child of table.children) {
    const [other] = await sql.rows(
      `select 1 from duckdb_tables() where database_name = $1 and schema_name = $2 and lower(table_name) = $3`,
      [catalog, table.schema, child.table],
    );
    if (other !== undefined)
      throw new NeedsAttention(
        `${table.schema}.${child.table} is a table that somebody else made: rename or drop it, or give the child another \`table\``,
      );
    const view = qualified(catalog, { schema: table.schema, table: child.table });
    const text = selectOf(on, table, { child, names });
    const [known] = await sql.rows(
      `select comment from duckdb_views() where database_name = $1 and schema_name = $2 and lower(view_name) = $3`,
      [catalog, table.schema, child.table],
    );
    if (known?.[0] === text) continue;
    await sql.run(`create or replace view ${view} as ${text}`);
    await sql.run(`comment on view ${view} is ${literal(text)}`);
  }
}

function selectOf(
  { catalog }: FileWork,
  table: TargetTable,
  { child, names }: { readonly child: ChildTable; readonly names: ReadonlyMap<string, string> },
): string {
  const array = `p.${quoted(names.get(child.column) ?? child.column)}`;
  const keys = table.columns
    .slice(0, table.keys)
    .map(({ name }) => `p.${quoted(names.get(name) ?? name)} as ${quoted(parentColumn(table.table, name))}`);
  const values = child.columns.map(({ name, path, type }) => {
    const at = `'/' || e.n || ${literal(path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))}`;
    return `${valueOf[type](`json_extract_string(${array}, ${at})`, `json_extract(${array}, ${at})`)} as ${quoted(name)}`;
  });
  return `select ${[...keys, `e.n::INTEGER as ${POSITION}`, ...values, 'p._event', 'p._deleted_at'].join(', ')}
    from ${nameOf(catalog, { ...table, place: 'live' })} p,
      lateral (select unnest(range(0, case when json_type(${array}) = 'ARRAY' then json_array_length(${array}) else 0 end::BIGINT)) as n) e`;
}

/** DuckDB reads numbers in JSON as doubles: a decimal would claim digits that are lost. The array has them all. */
const valueOf: Readonly<Record<ColumnType, (text: string, json: string) => string>> = {
  text: (text) => text,
  integer: (text) => `${text}::${duckdbTypes.integer}`,
  number: (text) => `${text}::DOUBLE`,
  boolean: (text) => `${text}::${duckdbTypes.boolean}`,
  // One without a zone is UTC, whatever zone the session has.
  timestamp: (text) =>
    `(${text} || case when regexp_matches(${text}, '.{10}.*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$') then '' else 'Z' end)::${duckdbTypes.timestamp}`,
  date: (text) => `${text}::${duckdbTypes.date}`,
  json: (_, json) => `case when json_type(${json}) <> 'NULL' then ${json} end`,
};
