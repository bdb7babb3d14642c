import type { Pool } from 'pg';
import type { ReconcileVerdict } from '../../core/reconcile.ts';
import type { DifferenceCounts, RowDifference } from '../../core/target-comparison.ts';
import { transaction } from '../session/transaction.ts';
import type { ComparedPlace } from './open-comparison.ts';

export interface CloseComparison {
  readonly comparison: number;
  readonly verdict: ReconcileVerdict;
  readonly reason: string | null;
  readonly counts: DifferenceCounts;
  readonly inFlight: number;
  readonly leftOut: number;
  /** The event that the table stood at; null: its rows were not looked at. */
  readonly targetEvent: number | null;
  /** Some of them, where there are many. */
  readonly differences: readonly RowDifference[];
}

/** Writes what it came to, and its findings. Repeating it changes nothing. */
export async function closeComparison(pool: Pool, closed: CloseComparison): Promise<void> {
  const { comparison, verdict, reason, counts, inFlight, leftOut, targetEvent, differences } = closed;
  await transaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update target_comparisons set state = 'done', verdict = $2, reason = $3, missing = $4, extra = $5, different = $6, in_flight = $7, left_out = $8,
          target_event = $9, buckets = null, finished_at = now()
        where comparison = $1 and state = 'running'`,
      [comparison, verdict, reason, counts.missing, counts.extra, counts.different, inFlight, leftOut, targetEvent],
    );
    if (rowCount === 0) return;
    await client.query(
      `insert into target_findings (comparison, place, kind, key, store_event, target_event)
        select $1, f.place, f.kind, f.key, f.store_event, f.target_event
        from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) with ordinality as f(kind, key, store_event, target_event, place)`,
      [
        comparison,
        differences.map(({ kind }) => kind),
        differences.map(({ key }) => key),
        differences.map(({ storeEvent }) => storeEvent),
        differences.map(({ targetEvent: event }) => event),
      ],
    );
  });
}

/** One that was cancelled, or that could not be done. */
export async function breakComparison(
  pool: Pool,
  { target, partner, stream, broken }: ComparedPlace & { readonly broken: string },
): Promise<void> {
  await pool.query(
    `update target_comparisons c set state = 'failed', reason = $4, buckets = null, finished_at = now() from streams s
      where s.stream_id = c.stream_id and s.partner = $2 and c.target = $1 and c.table_name = $3 and c.state = 'running'`,
    [target, partner, stream, broken],
  );
}
