import type { Asked } from './event-row.ts';
import type { EventRange } from './read-log.ts';

/** The events of a complete listing of a `replace`, the last of which says that it has ended. */
export interface Listing extends EventRange {
  /** The table holds just these records. Otherwise what it had and they do not name stays. */
  readonly clears: boolean;
}

/** Where listings are looked for; `keyed`: the stream has a key now. */
export interface ListingsIn extends Omit<EventRange, 'run'> {
  readonly keyed: boolean;
}

interface Row {
  readonly run_no: number;
  readonly sweep: string;
  readonly first_page: string;
  readonly baseline: boolean;
}

/**
 * The listings that make a `replace` table of what it was at event `after`, in order: those that ended in the range. Each takes effect as
 * a whole, when its `e` event comes; of runs that were never swapped in nothing does. A baseline stands on the whole log before it, so
 * what ended before the last of them is passed over. Without a key each listing has all records, and only the last one counts.
 */
export async function* listings(
  asked: Asked,
  { streamId, after, to, keyed }: ListingsIn,
): AsyncGenerator<Listing, undefined> {
  const { rows } = await asked.query<Row>(
    `select r.run_no, r.sweep, (select min(p.page_id) from pages p where p.stream_id = $1 and p.run_no = r.run_no) as first_page,
        coalesce((e.payload ->> 'baseline')::boolean, false) as baseline
      from stream_runs r join events_${streamId} e on e.event = r.sweep and e.operation = 'e'
      where r.stream_id = $1 and r.sweep > $2 and r.sweep <= $3 order by r.sweep`,
    [streamId, after, to],
  );
  const first = keyed
    ? Math.max(
        0,
        rows.findLastIndex(({ baseline }) => baseline),
      )
    : Math.max(0, rows.length - 1);
  for (const { run_no: run, sweep, first_page: page, baseline } of rows.slice(first)) {
    const end = Number(sweep);
    if (keyed && baseline) yield { streamId, after: 0, to: end, clears: true };
    else yield { streamId, after: await eventBefore(asked, { streamId, page, to: end }), to: end, run, clears: !keyed };
  }
  return undefined;
}

/** The first of them; undefined: none has ended. */
export async function nextListing(asked: Asked, range: ListingsIn): Promise<Listing | undefined> {
  return (await listings(asked, range).next()).value;
}

/**
 * The last event before those of a page, which may have come before another listing ended. Pages and events are numbered in the same
 * order, without gaps: it is found by halves.
 */
async function eventBefore(
  asked: Asked,
  { streamId, page, to }: { readonly streamId: number; readonly page: string; readonly to: number },
): Promise<number> {
  const { rows } = await asked.query<{ event: string }>(
    `with recursive halves as (
        select 0::bigint as low, $2::bigint as high
        union all
        select case when m.older then m.event else h.low end, case when m.older then h.high else m.event end
          from halves h cross join lateral (
            select e.event, e.page < $1::bigint as older from events_${streamId} e where e.event = (h.low + h.high) / 2
          ) m
          where h.high - h.low > 1
      )
      select max(low) as event from halves`,
    [page, to],
  );
  return Number(rows[0]?.event ?? 0);
}
