import type { Pool } from 'pg';

/** How a run's reading of a stream went, for a person. Times are ISO. */
export interface StreamTimeline {
  readonly stream: string;
  readonly syncId: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly definitionVersion: string;
  readonly batches: number;
  readonly firstPageAt: string | null;
  readonly lastPageAt: string | null;
  /** Pages that were not fetched at the first attempt. */
  readonly retried: number;
  /** Activities that committed its pages, each a grant or one more attempt of it. */
  readonly workers: number;
  /** The longest breaks between a commit and the next fetch, the longest first. */
  readonly breaks: readonly { readonly afterPage: number; readonly from: string; readonly ms: number }[];
  /** The partner's own names of the first and the last request. */
  readonly requestIds: readonly string[];
}

interface Row {
  readonly stream: string;
  readonly sync_id: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly definition_version: string;
  readonly batches: string;
  readonly first_at: Date | null;
  readonly last_at: Date | null;
  readonly retried: string;
  readonly workers: string;
  readonly breaks: readonly { readonly afterPage: number; readonly from: string; readonly ms: number }[] | null;
  readonly request_ids: readonly string[] | null;
}

/** Breaks that are shorter say nothing. */
const LEAST_MS = 1000;
/** So many pages are looked at: of a longer run the last ones. */
const MOST_PAGES = 20_000;

/** Of a run of a partner, or of one stream by its own id. */
export async function runTimeline(pool: Pool, id: string): Promise<readonly StreamTimeline[]> {
  const { rows } = await pool.query<Row>(
    `select s.name as stream, r.sync_id, r.started_at, r.finished_at, r.definition_version, t.*
      from stream_runs r join streams s using (stream_id)
      cross join lateral (
        with seen as (
          select page_no, fetched_at, committed_at, attempt, workflow_run_id, request_id,
              lag(committed_at) over (order by page_no) as before_at, lag(page_no) over (order by page_no) as before
            from (select page_no, fetched_at, committed_at, attempt, workflow_run_id, request_id from pages p where p.stream_id = r.stream_id and p.run_no = r.run_no order by page_no desc limit ${MOST_PAGES}) p
        ), long as (
          select before, before_at, extract(epoch from fetched_at - before_at) * 1000 as ms from seen
            where fetched_at > before_at + ${LEAST_MS} * interval '1 millisecond' order by fetched_at - before_at desc limit 5
        )
        select (select count(*) from seen) as batches, (select min(fetched_at) from seen) as first_at, (select max(committed_at) from seen) as last_at,
          (select count(*) from seen where attempt > 1) as retried, (select count(distinct (workflow_run_id, attempt)) from seen) as workers,
          (select jsonb_agg(jsonb_build_object('afterPage', before, 'ms', ms::bigint,
              'from', to_char(before_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) from long) as breaks,
          (select array_agg(distinct request_id) from seen where request_id is not null
            and page_no in ((select min(page_no) from seen), (select max(page_no) from seen))) as request_ids
      ) t
      where r.run_id = $1 or r.sync_id = $1 order by s.name, r.run_no limit 200`,
    [id],
  );
  return rows.map((row) => ({
    stream: row.stream,
    syncId: row.sync_id,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    definitionVersion: row.definition_version,
    batches: Number(row.batches),
    firstPageAt: row.first_at?.toISOString() ?? null,
    lastPageAt: row.last_at?.toISOString() ?? null,
    retried: Number(row.retried),
    workers: Number(row.workers),
    breaks: row.breaks ?? [],
    requestIds: row.request_ids ?? [],
  }));
}
