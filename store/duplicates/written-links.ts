import type { Client, ClientBase, Pool, PoolClient } from 'pg';

/** Which rows belong together: how many they are, and a sum over all of them that does not depend on their order. */
interface Links {
  readonly rows: number;
  readonly digest: string;
}

const sums = `count(*)::float8 as rows, coalesce(sum(('x' || left(md5(json_build_array(m.stream, m.row, m.entity)::text), 15))::bit(60)::bigint), 0)::text as digest`;

/** Those of now, or of the moment of the transaction. */
export async function linksOf(client: Pick<ClientBase | Pool, 'query'>, name: string): Promise<Links> {
  const { rows } = await client.query<Links>(`select ${sums} from duplicate_members m where m.name = $1`, [name]);
  return rows[0] as Links;
}

/** They were written for other warehouses. */
export async function noteLinks(
  pool: Pool | PoolClient | Client,
  { name, by, rows, digest }: Links & { readonly name: string; readonly by: string },
): Promise<void> {
  await pool.query(
    `insert into duplicate_links_written (name, by, rows, digest) values ($1, $2, $3, $4)
      on conflict (name) do update set written_at = now(), by = excluded.by, rows = excluded.rows, digest = excluded.digest`,
    [name, by, rows, digest],
  );
}

export interface WrittenLinks {
  /** ISO. */
  readonly writtenAt: string;
  readonly by: string;
  /** Then, and now. */
  readonly rows: number;
  readonly rowsNow: number;
  readonly isStale: boolean;
}

/** In SQL: what was written of each name, beside what belongs together now. */
export const writtenLinks = `select w.name, w.written_at, w.by, w.rows::float8 as rows, n.rows as rows_now, (n.rows <> w.rows or n.digest <> w.digest) as stale
  from duplicate_links_written w cross join lateral (select ${sums} from duplicate_members m where m.name = w.name) n`;

/** undefined: they were never written. */
export async function readWrittenLinks(pool: Pool, name: string): Promise<WrittenLinks | undefined> {
  const { rows } = await pool.query<{ written_at: Date; by: string; rows: number; rows_now: number; stale: boolean }>(
    `select * from (${writtenLinks}) l where name = $1`,
    [name],
  );
  return rows.map((row) => ({
    writtenAt: row.written_at.toISOString(),
    by: row.by,
    rows: row.rows,
    rowsNow: row.rows_now,
    isStale: row.stale,
  }))[0];
}

/** Names of those that were made of rows of this stream (`crm.contacts`) and are out of date: other warehouses may have rows that are erased here. */
export async function staleLinksOf(pool: Pool, stream: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select name from (${writtenLinks}) l where stale and exists (
        select from duplicate_plans p cross join jsonb_array_elements(p.settings -> 'from') f where p.name = l.name and f.value ->> 'stream' = $1)
      order by name`,
    [stream],
  );
  return rows.map(({ name }) => name);
}

/** Nobody needs them any more. Whether there were any. */
export async function forgetLinks(pool: Pool, name: string): Promise<boolean> {
  return (await pool.query('delete from duplicate_links_written where name = $1', [name])).rowCount === 1;
}
