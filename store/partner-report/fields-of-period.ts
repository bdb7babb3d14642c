import type { Pool } from 'pg';
import { ask, type Evidence, type Period } from './period.ts';

/** A field as the event log has it, of one type. */
export interface SeenField extends Evidence {
  readonly field: string;
  /** In the words of JSON. */
  readonly type: string;
  /** In the period; else before. */
  readonly now: boolean;
  readonly records: number;
}

/** What the log has of a stream, as far as it was looked at. */
export interface SeenFields {
  readonly stream: string;
  /** Records of the period that were looked at, and of the time before. */
  readonly now: number;
  readonly before: number;
  /** When the oldest of them came, ISO; null: there is none. */
  readonly since: string | null;
  /** Of the period there are older ones: too many to look at all. */
  readonly cut: boolean;
  /** The most frequent ones. `at`, `requestId` and `runId` are those of the record that had it first. */
  readonly fields: readonly SeenField[];
}

/** The newest records of one stream that are looked at, of each of both times: half a second, where each has twenty fields. */
const LOOKED = 25_000;
/** Names that are values would be without an end. */
const MOST_FIELDS = 2000;

/** Records that came anew or changed: what came again as it was is no event. */
export async function seenFields(
  pool: Pool,
  { streamId, stream }: { readonly streamId: number; readonly stream: string },
  { before, from, to }: Period,
): Promise<SeenFields> {
  const events = `events_${streamId}`;
  const { last, turn } = await turnOf(pool, streamId, from);
  const looked = `from ${events} v where v.event >= ${turn - LOOKED} and (v.event < ${turn} or v.event > ${last - LOOKED})
    and v.received_at >= $1 and v.received_at < $3 and v.operation in ('u', 's')`;
  const [counts] = await ask<Pick<SeenFields, 'now' | 'before' | 'since' | 'cut'>>(
    pool,
    `select count(*) filter (where received_at >= $2)::float8 as now, count(*) filter (where received_at < $2)::float8 as before,
        min(received_at) as since, ${last - turn >= LOOKED} as cut ${looked}`,
    [before, from, to],
  );
  const fields = await ask<SeenField>(
    pool,
    `with seen as materialized (
        select e.key as field, json_typeof(e.value) as type, v.received_at >= $2 as now, count(*)::float8 as records, min(v.event) as first
          from (select event, received_at, payload ${looked}) v
            cross join lateral json_each(case when json_typeof(v.payload) = 'object' then v.payload else '{}' end) e
          group by 1, 2, 3 order by 4 desc, 1 limit ${MOST_FIELDS})
      select $4::text as stream, s.field, s.type, s.now, s.records, f.received_at as at, p.request_id as "requestId", r.sync_id as "runId"
        from seen s join ${events} f on f.event = s.first
        left join pages p on p.stream_id = ${streamId} and p.page_id = f.page
        left join stream_runs r on r.stream_id = ${streamId} and r.run_no = p.run_no
        order by s.field, s.now, s.type`,
    [before, from, to, stream],
  );
  return { stream, ...(counts ?? { now: 0, before: 0, since: null, cut: false }), fields };
}

/** The last event of a stream, and about the first that came since then: only what a replay brought has a number out of that order. */
async function turnOf(
  pool: Pool,
  streamId: number,
  since: string,
): Promise<{ readonly last: number; readonly turn: number }> {
  const [stream] = await ask<{ last: number }>(
    pool,
    'select last_event::float8 as last from streams where stream_id = $1',
    [streamId],
  );
  const last = stream?.last ?? 0;
  let [before, turn] = [0, last + 1];
  while (turn - before > 1) {
    const middle = Math.floor((before + turn) / 2);
    const sql = `select received_at >= $2 as since from events_${streamId} where event >= $1 order by event limit 1`;
    const [found] = await ask<{ since: boolean }>(pool, sql, [middle, since]);
    if (found?.since === false) before = middle;
    else turn = middle;
  }
  return { last, turn };
}

/** Records that did not fit, by what is wrong with them. */
export interface UnfitRecords extends Evidence {
  /** Dotted; it may hold names that are values. */
  readonly path: string;
  readonly reason: string;
  readonly records: number;
  /** When one came last, ISO; `at` and `requestId` are those of the first one. */
  readonly lastAt: string;
}

const MOST_UNFIT = 500;

export const unfitRecords = (pool: Pool, { partner, from, to }: Period): Promise<readonly UnfitRecords[]> =>
  ask(
    pool,
    `with found as (
        select s.name as stream, q.stream_id, q.path, q.reason, sum(q.count)::float8 as records, min(q.page) as page, min(q.quarantined_at) as at,
            max(coalesce(q.last_seen_at, q.quarantined_at)) as last_at
          from streams s join quarantine q using (stream_id)
          where s.partner = $1 and coalesce(q.last_seen_at, q.quarantined_at) >= $2 and q.quarantined_at < $3
          group by 1, 2, 3, 4 order by 5 desc limit ${MOST_UNFIT})
      select f.stream, f.path, f.reason, f.records, f.at, f.last_at as "lastAt", p.request_id as "requestId", r.sync_id as "runId"
        from found f left join pages p on p.stream_id = f.stream_id and p.page_id = f.page
        left join stream_runs r on r.stream_id = f.stream_id and r.run_no = p.run_no order by f.stream, f.records desc, f.path, f.reason`,
    [partner, from, to],
  );
