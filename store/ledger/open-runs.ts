import type { Pool } from 'pg';
import type { WaitKind } from './ledger.ts';

/** A stream's run that goes on, or waits. */
export interface OpenStreamRun {
  readonly stream: string;
  readonly syncId: string;
  readonly runId: string | null;
  readonly pages: number;
  /** No grant is at work: it waits for the end of a wait that the ledger knows. */
  readonly rests: boolean;
  readonly kind: WaitKind | null;
}

/** Those of a partner, or of one of its runs, or one stream's. */
export async function openStreamRuns(
  pool: Pool,
  of: { readonly partner: string; readonly runId?: string; readonly syncId?: string },
): Promise<readonly OpenStreamRun[]> {
  const { rows } = await pool.query<{
    stream: string;
    sync_id: string;
    run_id: string | null;
    page_no: number;
    rests: boolean;
    kind: WaitKind | null;
  }>(
    `select s.name as stream, r.sync_id, r.run_id, r.page_no, coalesce(r.deferred_until > clock_timestamp(), false) as rests,
        case when r.deferred_cause_until = r.deferred_until then r.deferred_kind end as kind
      from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and r.state = 'running' and ($2::text is null or r.run_id = $2)
        and ($3::text is null or r.sync_id = $3)
      order by s.name, r.run_no`,
    [of.partner, of.runId ?? null, of.syncId ?? null],
  );
  return rows.map(({ sync_id, run_id, page_no, ...row }) => ({
    ...row,
    syncId: sync_id,
    runId: run_id,
    pages: page_no,
  }));
}

/** Ids of a partner's runs that have not ended, the newest first. */
export async function openRuns(pool: Pool, partner: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ run_id: string }>(
    'select run_id from runs where partner = $1 and finished_at is null order by started_at desc limit 50',
    [partner],
  );
  return rows.map(({ run_id }) => run_id);
}
