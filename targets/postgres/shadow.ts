import type { ClientBase } from 'pg';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { StreamRun } from '../../core/staged.ts';
import { quoted } from '../../core/sql-text.ts';

/**
 * A `replace` is gathered here and swapped in at the end. No stream can have a table of this name: theirs begin with a
 * letter. The stream's number is in it, not its table: that may change while the run goes on.
 */
export const shadowName = ({ streamId, runNo }: Pick<StreamRun, 'streamId' | 'runNo'>): string =>
  `_shadow_${streamId}_${runNo}`;

export const shadowOf = (stream: LandedStream, run: Pick<StreamRun, 'streamId' | 'runNo' | 'shadow'>): string =>
  `${quoted(stream.schema)}.${quoted(run.shadow ?? shadowName(run))}`;

/**
 * In SQL, for a run `r` of a stream `s`: the name of its shadow, null when there is none. Before 0019 it was
 * `orders__next_7`, which may be another stream's table.
 */
export const standingShadow = `(select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = s.target_schema::name and c.relkind = 'r'
      and c.relname in (('_shadow_' || r.stream_id || '_' || r.run_no)::name, (s.target_table || '__next_' || r.run_no)::name)
      and not exists (select from streams o where o.target_schema = s.target_schema and o.target_table::name = c.relname)
    order by c.relname = ('_shadow_' || r.stream_id || '_' || r.run_no)::name desc limit 1)`;

/** Shadows of replaces that never ended: a newer run takes their place. */
export async function dropOldShadows(client: ClientBase, stream: LandedStream, streamId: number): Promise<void> {
  for (const shadow of await shadowsOf(client, stream, streamId)) await client.query(`drop table ${shadow}`);
}

/** All of the stream that there are, quoted, with their schema. */
export async function shadowsOf(
  client: ClientBase,
  stream: LandedStream,
  streamId: number,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ tablename: string }>(
    `select t.tablename from pg_tables t where t.schemaname = $1
      and (t.tablename ~ $2 or exists (select from stream_runs r where r.stream_id = $3 and t.tablename = $4 || '__next_' || r.run_no))
      and not exists (select from streams o where o.target_schema = $1 and o.target_table = t.tablename)`,
    [stream.schema, `^_shadow_${streamId}_[0-9]+$`, streamId, stream.table],
  );
  return rows.map(({ tablename }) => `${quoted(stream.schema)}.${quoted(tablename)}`);
}
