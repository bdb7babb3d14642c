import type { Pool } from 'pg';
import { start, writeCheckpoint } from '../../core/checkpoint.ts';

/**
 * Removes what failed reconciliations have gathered, and has them begin anew if they are started again: half of a listing would say of the rest
 * that only the store has it. How many requests they made stays. Repeating it changes nothing.
 */
export async function forgetGathered(
  pool: Pool,
  failed: { readonly streamId: number; readonly except: string } | { readonly reconciliations: readonly string[] },
): Promise<void> {
  const [condition, values] =
    'reconciliations' in failed
      ? ['reconciliation = any ($2)', [failed.reconciliations]]
      : ['stream_id = $2 and reconciliation <> $3', [failed.streamId, failed.except]];
  await pool.query(
    `with failed as (select reconciliation from reconciliations where state = 'failed' and ${condition}),
        listings as (update reconcile_listings set checkpoint = $1, page_no = 0, empty_pages = 0, records = 0, unfit = 0, skipped = 0,
            partner_total = null, state = 'running', doubt = null, deferred_until = null, deferred_cause = null, finished_at = null
          where reconciliation in (select reconciliation from failed) and (page_no > 0 or state = 'done') returning listing_id),
        asked as (delete from reconcile_asked where reconciliation in (select reconciliation from failed)),
        seen as (delete from reconcile_seen where listing_id in (select listing_id from listings))
      delete from reconcile_pages where listing_id in (select listing_id from listings)`,
    [writeCheckpoint(start), ...values],
  );
}
