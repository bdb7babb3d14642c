import type { Pool } from 'pg';
import { DAY } from '../../core/duration.ts';
import { forgetGathered } from '../reconcile/forget-gathered.ts';
import { COUNTS } from '../reconcile/read-reconciliations.ts';

/** How long findings of reconciliations are kept where no definition says it. */
export const FINDINGS_KEPT_MS = 90 * DAY;
/** What one that failed has gathered, for the case that it is started again. */
const GATHERED_KEPT_MS = 7 * DAY;
/** In one transaction. */
const PIECE = 50;

export interface KeptFindings {
  readonly partner: string;
  readonly stream: string;
  readonly keptMs: number;
}

/**
 * Removes findings that are old enough, and leaves how many there were; and what failed reconciliations have gathered. Returns of how many
 * reconciliations. `except`: partners whose definitions do not hold, which keep all. Killed in between, it finds again what is left.
 */
export async function forgetFindings(
  pool: Pool,
  kept: readonly KeptFindings[],
  { except = [] }: { readonly except?: readonly string[] } = {},
): Promise<number> {
  await forgetGathered(pool, { olderMs: GATHERED_KEPT_MS });
  for (let removed = 0; ;) {
    const { rows } = await pool.query<{ due: number }>(
      `with due as (select c.reconciliation from reconciliations c join streams s using (stream_id)
            left join lateral (select k.ms from unnest($1::text[], $2::text[], $3::float8[]) as k(partner, stream, ms)
              where k.partner = s.partner and k.stream = s.name limit 1) k on true
          where s.partner <> all ($6) and c.state <> 'running' and c.findings_removed_at is null and c.finished_at < now() - coalesce(k.ms, $4) * interval '1 millisecond'
            and not exists (select from reconcile_repairs r where r.reconciliation = c.reconciliation and r.state = 'running')
          order by c.finished_at limit $5),
        counted as (update reconciliations c set findings_removed_at = now(), findings_were = (${COUNTS})
          from due where c.reconciliation = due.reconciliation),
        gone as (delete from reconcile_findings f using due where f.reconciliation = due.reconciliation)
      select count(*)::integer as due from due`,
      [
        kept.map(({ partner }) => partner),
        kept.map(({ stream }) => stream),
        kept.map(({ keptMs }) => keptMs),
        FINDINGS_KEPT_MS,
        PIECE,
        except,
      ],
    );
    const due = rows[0]?.due ?? 0;
    removed += due;
    if (due < PIECE) return removed;
  }
}
