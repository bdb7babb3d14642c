import type { Pool } from 'pg';
import { distinctKeys } from '../ledger/evidence.ts';
import { ask, type Period } from './period.ts';

/** A reading of a stream that ended, of which there may be something to tell. Times are ISO. */
export interface ToldRun {
  readonly stream: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly fetched: number;
  /** How many records the partner said there are. */
  readonly stated: number | null;
  /** Records with different keys; null: not all pages of the run say which they had. */
  readonly distinct: number | null;
  /** Why the end of the listing is in doubt, or why it failed. It may hold what the partner said. */
  readonly doubt: string | null;
  /** Whether `doubt` is why the run failed. */
  readonly failed: boolean;
  /** The page that `doubt` names, or the last one. */
  readonly requestId: string | null;
  readonly at: string | null;
}

const MOST = 2000;
const doubt = `coalesce(r.checkpoint::json ->> 'doubt', case when r.state = 'failed' then r.reason end)`;

/** Readings of the period and of the time before, the newest first: those with a stated total, a doubt, or a failure. */
export const toldRuns = (pool: Pool, { partner, before, to }: Period): Promise<readonly ToldRun[]> =>
  ask(
    pool,
    // Pages that were removed, or whose keys were, count by their records.
    `select s.name as stream, r.sync_id as "runId", r.started_at as "startedAt", r.fetched::float8 as fetched, ${doubt} as doubt,
        r.checkpoint::json ->> 'doubt' is null as failed, case when r.state = 'done' and not r.not_modified then r.partner_total end::float8 as stated,
        case when k.keyed = r.fetched then ${distinctKeys} end::float8 as distinct, p.request_id as "requestId", p.fetched_at as at
      from streams s join stream_runs r using (stream_id)
      left join lateral (select sum(fetched) filter (where keys is not null) as keyed from pages p
        where p.stream_id = r.stream_id and p.run_no = r.run_no and r.partner_total is not null) k on true
      left join lateral (select request_id, fetched_at from pages p
        where p.stream_id = r.stream_id and p.run_no = r.run_no and p.kind = 'page'
        order by p.page_no = substring(${doubt} from '^page (\\d{1,9}) ')::int desc nulls last, p.page_no desc limit 1) p on true
      where s.partner = $1 and r.started_at >= $2 and r.started_at < $3 and r.finished_at is not null and r.kind not in ('replay', 'fetch')
        and (r.partner_total is not null or ${doubt} is not null)
      order by r.started_at desc limit ${MOST}`,
    [partner, before, to],
  );

export interface StreamRuns {
  readonly streamId: number;
  readonly stream: string;
  /** In the period, and how many of them ended as something else than `ok`. */
  readonly runs: number;
  readonly notOk: number;
  readonly fetched: number;
  /** Of the first run that the ledger has, ISO; null: it was never read. */
  readonly since: string | null;
}

/** All streams of a partner that the ledger knows. */
export const streamRuns = (pool: Pool, { partner, from, to }: Period): Promise<readonly StreamRuns[]> =>
  ask(
    pool,
    `select s.stream_id as "streamId", s.name as stream, count(*) filter (where r.started_at >= $2 and r.started_at < $3)::float8 as runs,
        count(*) filter (where r.started_at >= $2 and r.started_at < $3 and r.outcome <> 'ok')::float8 as "notOk",
        coalesce(sum(r.fetched) filter (where r.started_at >= $2 and r.started_at < $3), 0)::float8 as fetched, min(r.started_at) as since
      from streams s left join stream_runs r on r.stream_id = s.stream_id and r.kind not in ('replay', 'fetch')
      where s.partner = $1 group by 1, 2 order by 2`,
    [partner, from, to],
  );
