import type { Pool } from 'pg';
import { DAY } from '../../core/duration.ts';
import { COUNTS } from '../reconcile/read-reconciliations.ts';
import { asked, isAsked, type Forgetting, type OfStream } from './forgetting.ts';

/** How long findings of reconciliations are kept where no definition says it. */
export const FINDINGS_KEPT_MS = 90 * DAY;
/** In one transaction. */
const PIECE = 50;

/** In SQL; parameters 4 and 5. */
const due = `select c.reconciliation, s.partner, s.name as stream from reconciliations c join streams s using (stream_id)
    left join lateral (select k.ms from json_to_recordset($4) as k(partner text, stream text, ms float8)
      where k.partner = s.partner and k.stream = s.name limit 1) k on true
  where ${isAsked} and c.state <> 'running' and c.findings_removed_at is null and c.finished_at < now() - coalesce(k.ms, $5) * interval '1 millisecond'
    and not exists (select from reconcile_repairs r where r.reconciliation = c.reconciliation and r.state = 'running')
  order by c.finished_at`;

/** Findings of reconciliations, key by key, once they are old enough. How many there were stays. */
export async function forgetFindings(pool: Pool, of: Forgetting): Promise<readonly OfStream[]> {
  const kept = of.kept.map(({ partner, stream, keptMs }) => ({ partner, stream, ms: keptMs }));
  const values = [...asked(of), JSON.stringify(kept), FINDINGS_KEPT_MS];
  if (of.dryRun) return (await pool.query<OfStream>(due, values)).rows;
  const removed: OfStream[] = [];
  for (;;) {
    const { rows } = await pool.query<OfStream>(
      `with due as (${due} limit $6),
        counted as (update reconciliations c set findings_removed_at = now(), findings_were = (${COUNTS})
          from due where c.reconciliation = due.reconciliation),
        gone as (delete from reconcile_findings f using due where f.reconciliation = due.reconciliation)
      select partner, stream from due`,
      [...values, PIECE],
    );
    removed.push(...rows);
    if (rows.length < PIECE) return removed;
  }
}
