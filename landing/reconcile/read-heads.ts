import type { ClientBase } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { headsOf, headsSql, scopeSql } from './heads-sql.ts';

export interface HeadsOf {
  readonly stream: CompiledStream;
  readonly streamId: number;
  readonly range: { readonly from: Date; readonly to: Date } | null;
}

/** Makes the temporary table of heads, those of keys that are gone among them. Returns how many records the store has, without what is gone. */
export async function readHeads(client: ClientBase, { stream, streamId, range }: HeadsOf): Promise<number> {
  const heads = headsOf(streamId);
  await client.query(
    `create temp table ${heads} on commit drop as ${headsSql(stream, streamId, scopeSql(stream, range))}`,
  );
  // Rows that are kept when their records go stand in both.
  await client.query(
    `insert into ${heads} select g.key, g.event, g.version, g.hash, true, false from tombstones g
      where g.stream_id = $1 and not exists (select from ${heads} h where h.key = g.key)`,
    [streamId],
  );
  await client.query(`analyze ${heads}`);
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${heads} where not gone`);
  return Number(rows[0]?.count);
}
