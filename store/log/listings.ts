import { eventBefore } from './event-before.ts';
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
