import type { TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { tableAt } from './names.ts';
import { lineage } from './types.ts';

export interface StoredColumn {
  /** Its name in DuckDB. */
  readonly stored: string;
  /** The name of the definition that it was made for: kept as its comment where the two differ. */
  readonly name: string;
  readonly type: string;
}

/** The columns of a table that exists; none: there is no such table. */
export async function storedColumns({ sql, catalog }: FileWork, of: TargetTable): Promise<readonly StoredColumn[]> {
  const rows = await sql.rows(
    `select column_name, coalesce(comment, column_name), data_type from duckdb_columns()
      where database_name = $1 and schema_name = $2 and lower(table_name) = $3 order by column_index`,
    [catalog, of.schema, tableAt(of.table, of.place)],
  );
  return rows.map(([stored, name, type]) => ({ stored: String(stored), name: String(name), type: String(type) }));
}

/**
 * Names of new columns. DuckDB takes `Id` and `id` for one name, PostgreSQL for two: the later one becomes `id__2`. Columns
 * that exist keep the names that they have.
 */
export function nameColumns(existing: readonly StoredColumn[], wanted: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map(
    existing.filter(({ stored }) => !Object.hasOwn(lineage, stored)).map(({ name, stored }) => [name, stored]),
  );
  const taken = new Set([...existing.map(({ stored }) => stored.toLowerCase()), ...Object.keys(lineage)]);
  for (const name of wanted) {
    if (names.has(name)) continue;
    let stored = name;
    for (let n = 2; taken.has(stored.toLowerCase()); n++) stored = `${name}__${n}`;
    taken.add(stored.toLowerCase());
    names.set(name, stored);
  }
  return names;
}
