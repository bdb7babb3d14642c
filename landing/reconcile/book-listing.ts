import type { Pool } from 'pg';
import type { StreamRun } from '../../core/staged.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { ExplainedWait, UncountedRequests } from '../../store/ledger/ledger.ts';

/** Adds requests to a listing's count: what `bookRequests` is for a run. */
export async function bookListing(
  pool: Pool,
  { syncId }: StreamRun,
  { requests, unsure, writer }: UncountedRequests,
): Promise<void> {
  await transaction(pool, async (client) => {
    // A commit whose connection was lost may still be under way in the server: it holds this lock until it has ended.
    await client.query('select from reconcile_listings where sync_id = $1 for update', [syncId]);
    await client.query(
      `update reconcile_listings l set requests = requests + $2 + coalesce((
        select sum(u.requests)::integer from json_to_recordset($3) as u("pageKey" uuid, "fetchedAt" timestamptz, requests integer)
          where not exists (select from reconcile_pages p where p.listing_id = l.listing_id and p.page_key = u."pageKey"
            and p.fetched_at = u."fetchedAt" and p.workflow_run_id = $4 and p.attempt = $5)), 0)
      where sync_id = $1`,
      [syncId, requests, JSON.stringify(unsure), writer.workflowRunId, writer.attempt],
    );
  });
}

export async function deferListing(pool: Pool, { syncId }: StreamRun, until: string | null): Promise<void> {
  await pool.query('update reconcile_listings set deferred_until = $2 where sync_id = $1', [syncId, until]);
}

export async function explainListing(pool: Pool, { syncId, cause }: ExplainedWait): Promise<void> {
  await pool.query('update reconcile_listings set deferred_cause = $2 where sync_id = $1', [syncId, cause]);
}
