import type { Pool } from 'pg';
import { keyParts } from '../../core/key-text.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { quoted } from '../../core/sql-text.ts';
import type { StoredRow } from '../../core/standing.ts';
import { postgresTypes } from './column-types.ts';
import { targetOf } from './target-table.ts';

/** The row of a key; undefined: there is none. `no table`: nor a table that has such a key. */
export async function rowOfKey(
  pool: Pool,
  { stream, key }: { readonly stream: LandedStream; readonly key: string },
): Promise<StoredRow | 'no table' | undefined> {
  const { keyColumns } = stream;
  const types = keyColumns.map(({ type }) => postgresTypes[type]);
  const parts = keyParts(key, keyColumns.length);
  const { rows: asked } = await pool.query<{ fits: boolean; columns: number }>(
    `select (select bool_and(pg_input_is_valid(part, type)) from unnest($1::text[], $2::text[]) as p(part, type)) as fits,
        (select count(*)::integer from pg_attribute where attrelid = to_regclass($3) and attname = any ($4)) as columns`,
    [parts, types, targetOf(stream), keyColumns.map(({ name }) => name)],
  );
  if (asked[0]?.columns !== keyColumns.length) return 'no table';
  if (!asked[0].fits) return undefined;
  const same = keyColumns.map(({ name }, at) => `t.${quoted(name)} = $${at + 1}::${types[at]}`).join(' and ');
  const { rows } = await pool.query<{ event: string; loaded_at: Date; deleted_at: Date | null; rows: string }>(
    `select _event as event, _loaded_at as loaded_at, _deleted_at as deleted_at, count(*) over () as rows from ${targetOf(stream)} t where ${same} order by _event desc limit 1`,
    [...parts],
  );
  return rows.map((row) => ({
    event: Number(row.event),
    loadedAt: row.loaded_at.toISOString(),
    rows: Number(row.rows),
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at.toISOString() }),
  }))[0];
}
