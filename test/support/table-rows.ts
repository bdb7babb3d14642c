import type { Pool } from 'pg';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/canonical.ts';
import { parseJson } from '../../core/json.ts';

/** What a target holds, as the partner would say it, made of its columns alone: microseconds, unknown fields and all. */
export async function tableRows(pool: Pool, partner: string, stream: string): Promise<Record<string, unknown>[]> {
  const columns = await pool.query<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns
      where table_schema = $1 and table_name = $2 and column_name not like '\\_%'`,
    [partner, stream],
  );
  const fields = columns.rows.map(({ name, type }) =>
    type === 'timestamp with time zone'
      ? `'${name}', to_char("${name}" at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
      : `'${name}', "${name}"`,
  );
  const { rows } = await pool.query<{ row: string }>(
    `select (jsonb_build_object(${fields.join(', ')}) || coalesce(_extra, '{}'))::text as row
      from "${partner}"."${stream}" where _deleted_at is null`,
  );
  return rows.map(({ row }) => parseJson(row) as Record<string, unknown>);
}

/** What a target's rows came as: the text that the event log keeps of each. */
export async function tablePayloads(pool: Pool, partner: string, stream: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ payload: string }>(
    `select e.payload::text as payload from "${partner}"."${stream}" t
      join events e on e.event = t._event
        and e.stream_id = (select stream_id from streams where partner = $1 and name = $2)`,
    [partner, stream],
  );
  return rows.map(({ payload }) => parseJson(payload) as Record<string, unknown>);
}

/** Count and checksum, whatever the order. */
export function digestOf(rows: readonly unknown[]): { readonly count: number; readonly sha256: string } {
  const texts = rows.map(canonicalJson).toSorted();
  return { count: rows.length, sha256: createHash('sha256').update(texts.join('\n')).digest('hex') };
}
