import type { Asked } from './event-row.ts';

/**
 * A number such that what came with a page, and later, has higher ones, and all that came before has none. Pages and events are numbered in the
 * same order, so it is found by halves; lines that retention removed leave gaps.
 */
export async function eventBefore(
  asked: Asked,
  {
    streamId,
    page,
    to,
  }: {
    readonly streamId: number;
    readonly page: string;
    /** An event of the page or later, or any number above the last. */
    readonly to: number;
  },
): Promise<number> {
  const { rows } = await asked.query<{ event: string }>(
    `with recursive halves as (
        select 0::bigint as low, $2::bigint as high
        union all
        select case when m.event is null or m.older then (h.low + h.high) / 2 else h.low end, case when m.older then h.high else coalesce(m.event, h.high) end
          from halves h left join lateral (
            select e.event, e.page < $1::bigint as older from events_${streamId} e
              where e.event <= (h.low + h.high) / 2 and e.event > h.low order by e.event desc limit 1
          ) m on true
          where h.high - h.low > 1
      )
      select max(low) as event from halves`,
    [page, to],
  );
  return Number(rows[0]?.event ?? 0);
}
