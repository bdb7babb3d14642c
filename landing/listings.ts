import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Stretch } from '../store/log/read-log.ts';

/** A complete listing of a `replace`, as the log has it. */
export interface Listing extends Stretch {
  /** The table holds just these records. Otherwise what it had and they do not name stays. */
  readonly clears: boolean;
}

interface Standing {
  readonly stream: CompiledStream;
  readonly streamId: number;
}

/**
 * The listings that make a `replace` table of what it was at event `after`, in order: each takes effect as a whole, when its `e` event
 * comes. Of runs that were never swapped in nothing does.
 */
export async function listingsOf(
  client: ClientBase,
  { stream, streamId, after, upTo }: Standing & Pick<Stretch, 'after' | 'upTo'>,
): Promise<readonly Listing[]> {
  const { rows } = await client.query<{ run_no: number; sweep: string; first_page: string; baseline: boolean }>(
    `select r.run_no, r.sweep, (select min(p.page_id) from pages p where p.stream_id = $1 and p.run_no = r.run_no) as first_page,
        coalesce((e.payload ->> 'baseline')::boolean, false) as baseline
      from stream_runs r join events_${streamId} e on e.event = r.sweep
      where r.stream_id = $1 and r.sweep > $2 and r.sweep <= $3 order by r.sweep`,
    [streamId, after, Math.min(upTo, Number.MAX_SAFE_INTEGER)],
  );
  if (stream.keyColumns.length === 0) rows.splice(0, rows.length - 1);
  else
    rows.splice(
      0,
      rows.findLastIndex(({ baseline }) => baseline),
    );
  const listings: Listing[] = [];
  for (const { run_no: run, sweep, first_page: firstPage, baseline } of rows)
    listings.push(
      baseline && stream.keyColumns.length > 0
        ? { after: 0, upTo: Number(sweep), clears: true }
        : {
            after: await eventBefore(client, streamId, { page: Number(firstPage), upTo: Number(sweep) }),
            upTo: Number(sweep),
            run,
            clears: stream.keyColumns.length === 0,
          },
    );
  return listings;
}

/** The last event before those of a page: pages and events are numbered in the same order, without gaps. */
async function eventBefore(
  client: ClientBase,
  streamId: number,
  { page, upTo }: { readonly page: number; readonly upTo: number },
): Promise<number> {
  let before = 0;
  let at = upTo;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    const { rows } = await client.query<{ page: string }>(`select page from events_${streamId} where event = $1`, [
      middle,
    ]);
    if (Number(rows[0]?.page) < page) before = middle;
    else at = middle;
  }
  return before;
}

/**
 * Whether the log says which rows a `replace` table has: a sweep has compared them, and since then every listing that was swapped in
 * wrote its own. Workers of before the sweeps write none. A definition that gained or lost its key says other things than the log.
 */
export async function saysListing(client: ClientBase, { stream, streamId }: Standing): Promise<boolean> {
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
    and o.sweep is null and o.outcome in ('ok', 'partial') and not o.not_modified and o.settled = 0 and o.kind <> 'replay'
    and o.finished_at > (select l.finished_at from stream_runs l where l.stream_id = s.stream_id and l.sweep = s.swept))`;
