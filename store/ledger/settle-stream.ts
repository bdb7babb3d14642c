import type { Pool } from 'pg';
import type { ExplainedWait } from './ledger.ts';
import type { StreamRun } from '../../core/staged.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import { reportColumns, reportOf, type ReportRow } from './report.ts';

/** Marks a run as failed; its checkpoint stays, so that a later attempt goes on from there. A run that is done stays done. */
export async function failStream(
  pool: Pool,
  input: { readonly syncId: string; readonly stream: string; readonly reason: string },
): Promise<StreamReport | null> {
  await pool.query(
    `update stream_runs set state = 'failed', outcome = 'failed', reason = $2, finished_at = now(), updated_at = now(), deferred_until = null
      where sync_id = $1 and state <> 'done'`,
    [input.syncId, input.reason],
  );
  // What it had fetched for its records is committed, and ends with it.
  await pool.query(
    `update stream_runs set state = 'failed', outcome = 'failed', reason = $2, finished_at = now(), updated_at = now()
      where kind = 'fetch' and state = 'running' and starts_with(sync_id, 'fetch/' || $1 || '/')`,
    [input.syncId, `the run that asked for it has failed: ${input.reason}`],
  );
  return streamReport(pool, input.syncId);
}

export async function streamReport(pool: Pool, syncId: string): Promise<StreamReport | null> {
  const { rows } = await pool.query<ReportRow>(
    `select s.name as stream, ${reportColumns} from stream_runs r join streams s using (stream_id) where r.sync_id = $1`,
    [syncId],
  );
  return rows[0] === undefined ? null : reportOf(rows[0], syncId);
}

/** Shows until when a run waits; null when it goes on. */
export async function deferStream(pool: Pool, run: StreamRun, until: string | null): Promise<void> {
  await pool.query(
    'update stream_runs set deferred_until = $3, updated_at = now() where stream_id = $1 and run_no = $2',
    [run.streamId, run.runNo, until],
  );
}

/** Kept beside the time it belongs to, so that it never explains another wait. */
export async function explainDeferral(pool: Pool, { syncId, until, cause, kind }: ExplainedWait): Promise<void> {
  await pool.query(
    'update stream_runs set deferred_cause = $3, deferred_cause_until = $2, deferred_kind = $4 where sync_id = $1',
    [syncId, until, cause, kind],
  );
}
