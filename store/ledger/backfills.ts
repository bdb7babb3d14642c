import type { Pool } from 'pg';
import type { BackfillTally } from '../../core/backfill-tally.ts';
import type { Outcome } from '../../core/names.ts';
import type { WindowRun } from '../../core/window-runs.ts';
import type { OpenBackfill } from './ledger.ts';
import { openRun } from './runs.ts';

/** Records a backfill as a run, or finds it again. */
export async function openBackfill(pool: Pool, input: OpenBackfill): Promise<void> {
  const { runId, partner, stream, plan, concurrency, windows } = input;
  await openRun(pool, {
    runId,
    partner,
    kind: 'backfill',
    windowLabel: `${plan.from}..${plan.to}`,
    generation: input.generation,
    streams: [stream],
    workflowRunId: input.workflowRunId,
  });
  await pool.query(
    `insert into backfills (run_id, stream, plan, concurrency, windows) values ($1, $2, $3, $4, $5)
      on conflict (run_id) do update set plan = excluded.plan, concurrency = excluded.concurrency, windows = excluded.windows`,
    [runId, stream, JSON.stringify(plan), concurrency, windows],
  );
}

export async function noteBackfill(pool: Pool, runId: string, tally: BackfillTally): Promise<void> {
  await pool.query('update backfills set tally = $2, noted_at = now() where run_id = $1', [
    runId,
    JSON.stringify(tally),
  ]);
}

/** All runs of some windows, the oldest first. */
export async function windowRuns(
  pool: Pool,
  input: { readonly partner: string; readonly stream: string; readonly windows: readonly string[] },
): Promise<readonly WindowRun[]> {
  const { rows } = await pool.query<{
    window_label: string;
    sync_id: string;
    run_id: string | null;
    state: WindowRun['state'];
    outcome: Outcome | null;
  }>(
    `select r.window_label, r.sync_id, r.run_id, r.state, r.outcome from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and s.name = $2 and r.window_label = any($3) order by r.run_no`,
    [input.partner, input.stream, input.windows],
  );
  return rows.map(({ window_label, sync_id, run_id, state, outcome }) => ({
    window: window_label,
    syncId: sync_id,
    runId: run_id,
    state,
    outcome,
  }));
}
