import type { Pool } from 'pg';
import { canonicalJson } from '../../core/canonical.ts';
import { parseJson } from '../../core/json.ts';
import { quoted } from '../../core/sql-text.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Drift {
  readonly table: string;
  readonly missing: readonly string[];
  readonly tooMany: readonly string[];
  /** What differs, as a text for people. */
  readonly other: readonly string[];
}

export const isEqual = ({ missing, tooMany, other }: Drift): boolean =>
  missing.length === 0 && tooMany.length === 0 && other.length === 0;

/**
 * Compares, value by value, what a table shows with what its sender holds. Fields that have no column are in `_extra`.
 * `where`: which of its rows count.
 */
export async function compare(
  pool: Pool,
  {
    schema,
    table,
    truth,
    where = '_deleted_at is null',
  }: { readonly schema: string; readonly table: string; readonly truth: readonly Row[]; readonly where?: string },
): Promise<Drift> {
  const shown = await shownRows(pool, { schema, table, where });
  const byId = new Map<string, string>();
  const twice: string[] = [];
  for (const row of shown) {
    const id = String(row['id']);
    if (byId.has(id)) twice.push(id);
    byId.set(id, canonicalJson(row));
  }
  const missing: string[] = [];
  const other: string[] = [];
  for (const row of truth) {
    const id = String(row['id']);
    const found = byId.get(id);
    const expected = canonicalJson(row);
    if (found === undefined) missing.push(id);
    else if (found !== expected) other.push(`expected ${expected}, found ${found}`);
    byId.delete(id);
  }
  return { table: `${schema}.${table}`, missing, tooMany: [...twice, ...byId.keys()], other };
}

async function shownRows(
  pool: Pool,
  { schema, table, where }: { readonly schema: string; readonly table: string; readonly where: string },
): Promise<readonly Row[]> {
  const { rows: columns } = await pool.query<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
      where table_schema = $1 and table_name = $2 and column_name not like '\\_%' and column_name <> all ($3)`,
    [schema, table, HISTORY_COLUMNS],
  );
  if (columns.length === 0) throw new Error(`there is no table ${schema}.${table}`);
  const fields = columns.map(({ name, type }) =>
    type === 'timestamp with time zone'
      ? `'${name}', to_char(${quoted(name)} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
      : `'${name}', ${quoted(name)}`,
  );
  const { rows } = await pool.query<{ row: string }>(
    `select (jsonb_build_object(${fields.join(', ')}) || coalesce(_extra, '{}'))::text as row
      from ${quoted(schema)}.${quoted(table)} where ${where}`,
  );
  return rows.map(({ row }) => parseJson(row) as Row);
}

/** What a history says beside the record. */
const HISTORY_COLUMNS = ['valid_from', 'valid_to', 'is_current', 'is_deleted', 'version_no', 'received_at'];
