import type { Pool } from 'pg';
import type { OpenRun } from './ledger.ts';
import type { Outcome } from '../../core/names.ts';

/** Records a sync of a partner. A workflow that starts again under its id reopens its row. */
export async function openRun(pool: Pool, input: OpenRun): Promise<void> {
  await pool.query(
    `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (run_id) do update set streams = excluded.streams, workflow_run_id = excluded.workflow_run_id,
        finished_at = null, outcome = null, reason = null
      where runs.workflow_run_id <> excluded.workflow_run_id`,
    [input.runId, input.partner, input.kind, input.windowLabel, input.generation, input.streams, input.workflowRunId],
  );
}

export async function closeRun(
  pool: Pool,
  input: { readonly runId: string; readonly outcome: Outcome; readonly reason: string | null },
): Promise<void> {
  await pool.query(
    'update runs set finished_at = coalesce(finished_at, now()), outcome = $2, reason = $3 where run_id = $1',
    [input.runId, input.outcome, input.reason],
  );
}

/** How a run ended; null while it has not, or when there is none. */
export async function runOutcome(
  pool: Pool,
  runId: string,
): Promise<{ readonly outcome: Outcome; readonly reason: string | null } | null> {
  const { rows } = await pool.query<{ outcome: Outcome; reason: string | null }>(
    'select outcome, reason from runs where run_id = $1 and finished_at is not null and outcome is not null',
    [runId],
  );
  return rows[0] ?? null;
}
