import type { Pool } from 'pg';
import type { StreamRun } from '../../core/staged.ts';
import type { UncountedRequests } from './ledger.ts';
import { transaction } from '../session/transaction.ts';

/** Adds requests to a run's count, whatever the run's state: what was sent was sent. */
export async function bookRequests(
  pool: Pool,
  run: StreamRun,
  { requests, unsure, writer }: UncountedRequests,
): Promise<void> {
  await transaction(pool, async (client) => {
    // A commit whose connection was lost may still be under way in the server: it holds this lock until it has ended.
    await client.query('select 1 from streams where stream_id = $1 for update', [run.streamId]);
    await client.query(
      `update stream_runs set updated_at = now(), requests = requests + $3 + coalesce((
          select sum(u.requests)::integer
            from json_to_recordset($4) as u("pageKey" uuid, "fetchedAt" timestamptz, requests integer)
            where not exists (select 1 from pages p where p.page_key = u."pageKey" and p.fetched_at = u."fetchedAt"
              and p.workflow_run_id = $5 and p.attempt = $6)), 0)
        where stream_id = $1 and run_no = $2`,
      [run.streamId, run.runNo, requests, JSON.stringify(unsure), writer.workflowRunId, writer.attempt],
    );
  });
}
