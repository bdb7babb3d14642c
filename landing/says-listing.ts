import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';

/**
 * Whether the log says which rows a `replace` table has: a sweep has compared them, and since then every listing that was swapped in
 * wrote its own. Workers of before the sweeps write none. A definition that gained or lost its key says other things than the log.
 */
export async function saysListing(
  client: ClientBase,
  { stream, streamId }: { readonly stream: CompiledStream; readonly streamId: number },
): Promise<boolean> {
  const { rows } = await client.query<{ says: boolean }>(
    `select s.swept is not null and s.swept_rows is not null and not ${sweptWithoutWord}
        and (select e.key is null from events_${streamId} e where e.operation = 'u' order by e.event desc limit 1) is distinct from $2 as says
      from streams s where s.stream_id = $1`,
    [streamId, stream.keyColumns.length > 0],
  );
  return rows[0]?.says === true;
}

/** In SQL, for a stream `s`: a worker of before the sweeps has swapped a listing in after the last one. */
export const sweptWithoutWord = `exists (select from stream_runs o where o.stream_id = s.stream_id and o.state = 'done'
    and o.sweep is null and o.outcome in ('ok', 'partial') and not o.not_modified and o.settled = 0 and o.kind not in ('replay', 'fetch')
    and o.finished_at > (select l.finished_at from stream_runs l where l.stream_id = s.stream_id and l.sweep = s.swept))`;
