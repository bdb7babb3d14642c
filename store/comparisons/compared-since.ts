import type { Pool } from 'pg';
import type { ReconcileVerdict } from '../../core/reconcile.ts';
import type { ComparedPlace } from './open-comparison.ts';

/** The comparison with this number, or the last one of a table that has ended since; null: there is none. */
export async function comparedSince(
  pool: Pool,
  {
    target,
    partner,
    stream,
    comparison,
    sinceMs,
  }: ComparedPlace & { readonly comparison: number | null; readonly sinceMs: number },
): Promise<{
  readonly comparison: number;
  readonly verdict: ReconcileVerdict;
  readonly differ: number;
  readonly reason: string | null;
} | null> {
  const { rows } = await pool.query<{
    comparison: number;
    verdict: ReconcileVerdict;
    differ: number;
    reason: string | null;
  }>(
    `select c.comparison, c.verdict, (c.missing + c.extra + c.different)::float8 as differ, c.reason
      from target_comparisons c join streams s using (stream_id)
      where s.partner = $2 and c.target = $1 and c.table_name = $3 and c.state = 'done'
        and case when $5::integer is null then c.finished_at >= to_timestamp($4::float8 / 1000) else c.comparison = $5 end
      order by c.comparison desc limit 1`,
    [target, partner, stream, sinceMs, comparison],
  );
  return rows[0] ?? null;
}
