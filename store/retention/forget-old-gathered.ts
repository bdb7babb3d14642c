import type { Pool } from 'pg';
import { DAY } from '../../core/duration.ts';
import { forgetGathered } from '../reconcile/forget-gathered.ts';
import { asked, isAsked, type Forgetting, type OfStream } from './forgetting.ts';

/** For the case that it is started again. */
const GATHERED_KEPT_MS = 7 * DAY;

/** What failed reconciliations have gathered. */
export async function forgetOldGathered(pool: Pool, of: Forgetting): Promise<readonly OfStream[]> {
  const { rows } = await pool.query<OfStream & { readonly reconciliation: string }>(
    `select c.reconciliation, s.partner, s.name as stream from reconciliations c join streams s using (stream_id)
      where ${isAsked} and c.state = 'failed' and c.finished_at < now() - $4::float8 * interval '1 millisecond'
        and (exists (select from reconcile_listings l where l.reconciliation = c.reconciliation and (l.page_no > 0 or l.state = 'done'))
          or exists (select from reconcile_asked a where a.reconciliation = c.reconciliation))`,
    [...asked(of), GATHERED_KEPT_MS],
  );
  if (!of.dryRun && rows.length > 0)
    await forgetGathered(pool, { reconciliations: rows.map(({ reconciliation }) => reconciliation) });
  return rows;
}
