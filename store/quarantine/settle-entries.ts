import type { ClientBase, Pool } from 'pg';
import { idParts } from './replayed-page.ts';

interface SettleInput {
  readonly streamId: number;
  readonly ids: readonly string[];
}

/**
 * Marks entries as gone through, and counts them as settled in each run that saw them. Returns the numbers of those runs.
 * In the transaction that brings their records, so that neither is there without the other.
 */
export async function settleEntries(
  client: ClientBase | Pool,
  { streamId, ids }: SettleInput,
): Promise<readonly number[]> {
  if (ids.length === 0) return [];
  const { rows } = await client.query<{ run_no: number }>(
    `with settled as (
        update quarantine q set status = 'replayed', settled_at = now()
          from unnest($2::bigint[], $3::integer[]) as i(page, ordinal)
          where q.stream_id = $1 and q.page = i.page and q.ordinal = i.ordinal and q.status = 'held'
          returning q.page, q.ordinal, q.count
      ), later as (
        select o.page, o.ordinal, o.run_no, o.count from settled s
          join quarantine_sightings o on o.stream_id = $1 and o.page = s.page and o.ordinal = s.ordinal
      ), first as (
        select p.run_no, s.count - coalesce((select sum(l.count) from later l
            where l.page = s.page and l.ordinal = s.ordinal), 0) as count
          from settled s join pages p on p.stream_id = $1 and p.page_id = s.page
      ), of_runs as (
        select run_no, sum(count) as count
          from (select run_no, count from first union all select run_no, count from later) as each group by run_no
      )
      update stream_runs r set settled = least(r.quarantined, r.settled + n.count) from of_runs n
        where r.stream_id = $1 and r.run_no = n.run_no returning r.run_no`,
    [streamId, ...idParts(ids)],
  );
  return rows.map(({ run_no }) => run_no);
}
