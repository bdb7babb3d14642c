import type { Pool, PoolClient } from 'pg';
import { verdictOf, type ReconcileLevel } from '../../core/reconcile.ts';
import { transaction } from '../session/transaction.ts';
import { readReconciliation, type Reconciliation } from './read-reconciliations.ts';

export interface CloseReconciliation {
  readonly reconciliation: string;
  /** The run that was started between the two looks; null: there was none. */
  readonly syncedBy: string | null;
  /** Why it could not be done; null: it was. What it has read so far stays, and it goes on from there when it is started again. */
  readonly broken: string | null;
  /** What else leaves something unproven. */
  readonly doubts: readonly string[];
}

/** Ends a reconciliation. Repeating it changes nothing. */
export async function closeReconciliation(pool: Pool, input: CloseReconciliation): Promise<Reconciliation> {
  const { reconciliation } = input;
  await transaction(pool, async (client) => {
    // The partner may still have what was taken out of the table as a duplicate.
    const { rows } = await client.query<{ state: string; level: ReconcileLevel; totals: string | null }>(
      `select state, level, case when level = 'counts' and partner_total is distinct from store_total and partner_total is distinct from store_total + removed
          then format('the partner says %s records, the store has %s', coalesce(partner_total::text, 'nothing of how many'), store_total)
            || case when removed > 0 then format(', and %s were removed as duplicates', removed) else '' end end as totals
        from reconciliations c cross join lateral (select count(*) as removed from tombstones t where t.stream_id = c.stream_id and t.removed) g
        where reconciliation = $1 for update of c`,
      [reconciliation],
    );
    const [row] = rows;
    if (row === undefined || row.state === 'done') return;
    if (input.broken !== null) {
      await client.query(
        `update reconciliations set state = 'failed', reason = $2, finished_at = now() where reconciliation = $1`,
        [reconciliation, input.broken],
      );
      return;
    }
    await settle(client, input, row.totals);
  });
  return readReconciliation(pool, reconciliation);
}

async function settle(
  client: PoolClient,
  { reconciliation, syncedBy, doubts }: CloseReconciliation,
  totals: string | null,
): Promise<void> {
  await client.query(
    `update reconcile_findings set state = 'unproven', why = 'there was no second look', settled_at = now()
      where reconciliation = $1 and state = 'candidate'`,
    [reconciliation],
  );
  const { rows } = await client.query<{ open: number; unproven: number; doubts: readonly string[] }>(
    `select (count(*) filter (where state = 'open'))::integer as open, (count(*) filter (where state = 'unproven'))::integer as unproven,
        (select coalesce(array_agg(distinct doubt), '{}') from reconcile_listings where reconciliation = $1 and doubt is not null) as doubts
      from reconcile_findings where reconciliation = $1`,
    [reconciliation],
  );
  const found = rows[0] as (typeof rows)[0];
  const all = [...(totals === null ? [] : [totals]), ...found.doubts, ...doubts];
  await client.query(
    `update reconciliations set state = 'done', verdict = $2, reason = $3, synced_by = $4, finished_at = now() where reconciliation = $1`,
    [reconciliation, verdictOf({ ...found, doubts: all }), all.join('; ') || null, syncedBy],
  );
  await client.query('delete from reconcile_asked where reconciliation = $1', [reconciliation]);
  for (const table of ['reconcile_seen', 'reconcile_pages'])
    await client.query(
      `delete from ${table} where listing_id in (select listing_id from reconcile_listings where reconciliation = $1)`,
      [reconciliation],
    );
}
