import type { ClientBase, Pool } from 'pg';
import type { EventRange } from './read-events.ts';

/**
 * The events of the next complete listing that ended after `after`; the last of them says that it has ended. Its records may have
 * come before another listing ended, so they are looked for from the first page of its run on. The first listing of a stream with
 * a key stands on all that came before it: what was listed before the log knew of listings is only there.
 */
export async function findListing(
  asked: Pick<Pool | ClientBase, 'query'>,
  { streamId, after, to, keyed }: Omit<EventRange, 'run'> & { readonly keyed: boolean },
): Promise<EventRange | undefined> {
  const { rows } = await asked.query<{ event: string; page: string; run: number; first: boolean }>(
    `select e.event, e.page, p.run_no as run,
        not exists (select from pages o where o.stream_id = $1 and o.kind = 'sweep' and o.page_id < e.page) as first
      from events_${streamId} e join pages p on p.stream_id = $1 and p.page_id = e.page
      where e.event > $2 and e.event <= $3 and e.operation = 'e' order by e.event limit 1`,
    [streamId, after, to],
  );
  const end = rows[0];
  if (end === undefined) return undefined;
  const event = Number(end.event);
  if (keyed && end.first) return { streamId, after: 0, to: event };
  return { streamId, after: await beforeRun(asked, { streamId, run: end.run, to: event }), to: event, run: end.run };
}

/** The last event that is certain to be older than the run. Pages and events are numbered in one order, so it is found by halves. */
async function beforeRun(
  asked: Pick<Pool | ClientBase, 'query'>,
  { streamId, run, to }: { readonly streamId: number; readonly run: number; readonly to: number },
): Promise<number> {
  const { rows } = await asked.query<{ event: string }>(
    `with recursive first as (select min(page_id) as page from pages where stream_id = $1 and run_no = $2),
      halves as (
        select 0::bigint as low, $3::bigint as high
        union all
        select case when m.old then m.at else h.low end, case when m.old then h.high else m.at end
          from halves h cross join lateral (
            select e.event as at, e.page < (select page from first) as old from events_${streamId} e where e.event = (h.low + h.high) / 2
          ) m
          where h.high - h.low > 1
      )
      select max(low) as event from halves`,
    [streamId, run, to],
  );
  return Number(rows[0]?.event ?? 0);
}
