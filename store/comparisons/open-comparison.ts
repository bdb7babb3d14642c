import type { Pool } from 'pg';
import { GiveUp } from '../../core/errors.ts';
import type { ReconcileVerdict } from '../../core/reconcile.ts';

export interface ComparedPlace {
  readonly target: string;
  readonly partner: string;
  /** `payments`, or `payments.history`. */
  readonly stream: string;
}

export interface OpenComparison extends ComparedPlace {
  readonly streamId: number;
  /** Of the workflow. */
  readonly runId: string;
}

export interface OpenedComparison {
  readonly comparison: number;
  readonly state: 'running' | 'done' | 'failed';
  /** null: it is not done. */
  readonly verdict: ReconcileVerdict | null;
  readonly reason: string | null;
  /** Buckets that differ; null: they were not summed yet. */
  readonly buckets: readonly number[] | null;
}

/** So many of a table are kept, and no longer than so many days. */
const KEPT = 20;
const KEPT_DAYS = 90;

/** Records the comparison, or finds it again. Those before it of the same table that were left behind have failed, and the oldest ones go. */
export async function openComparison(
  pool: Pool,
  { target, stream, streamId, runId }: OpenComparison,
): Promise<OpenedComparison> {
  await pool.query(
    `insert into target_comparisons (run_id, target, stream_id, table_name) values ($1, $2, $3, $4) on conflict (run_id) do nothing`,
    [runId, target, streamId, stream],
  );
  await pool.query(
    `update target_comparisons set state = 'failed', reason = 'it was interrupted', buckets = null, finished_at = now()
      where (stream_id, target, table_name) = ($1, $2, $3) and state = 'running' and comparison < (select comparison from target_comparisons where run_id = $4)`,
    [streamId, target, stream, runId],
  );
  await pool.query(
    `delete from target_comparisons c using (select comparison, row_number() over (order by comparison desc) as place
        from target_comparisons where (stream_id, target, table_name) = ($1, $2, $3)) k
      where c.comparison = k.comparison and (k.place > $4 or c.started_at < now() - make_interval(days => $5)) and c.state <> 'running'`,
    [streamId, target, stream, KEPT, KEPT_DAYS],
  );
  const { rows } = await pool.query<OpenedComparison>(
    'select comparison, state, verdict, reason, buckets from target_comparisons where run_id = $1',
    [runId],
  );
  if (rows[0] === undefined) throw new GiveUp('the comparison was removed meanwhile: compare again');
  return rows[0];
}

export interface NotedSums {
  readonly comparison: number;
  readonly storeRows: number;
  readonly targetRows: number;
  readonly buckets: readonly number[];
}

/** What the first look has found: the second one begins here. An attempt that was thought dead and comes later changes nothing. */
export async function noteSums(pool: Pool, { comparison, storeRows, targetRows, buckets }: NotedSums): Promise<void> {
  await pool.query(
    `update target_comparisons set store_rows = $2, target_rows = $3, buckets = $4, buckets_differ = cardinality($4::integer[])
      where comparison = $1 and state = 'running' and buckets is null`,
    [comparison, storeRows, targetRows, buckets],
  );
}
