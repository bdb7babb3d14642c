import type { Pool } from 'pg';
import type { OpenLook } from '../../core/reconcile.ts';

/** Of a partner. The status page's role may not read `sync_id`: it is made here as `planReconcile` makes it. */
export async function openLooks(pool: Pool, partner: string): Promise<readonly OpenLook[]> {
  const { rows } = await pool.query<OpenLook>(
    `select l.reconciliation, l.reconciliation || '/' || l.look as "syncId", coalesce(l.deferred_until > clock_timestamp(), false) as waits
      from reconcile_listings l join reconciliations c using (reconciliation) join streams s using (stream_id)
      where s.partner = $1 and c.state = 'running' and l.state = 'running' order by l.reconciliation, l.look`,
    [partner],
  );
  return rows;
}
