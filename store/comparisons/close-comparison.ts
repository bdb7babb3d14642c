import type { ClientBase, Pool } from 'pg';
import { RetryLater } from '../../core/errors.ts';
import type { ReconcileVerdict } from '../../core/reconcile.ts';
import { streamOf } from '../../core/table-name.ts';
import type { DifferenceCounts, RowDifference } from '../../core/target-comparison.ts';
import { erasedAmong } from '../log/touched-keys.ts';
import { transaction } from '../session/transaction.ts';
import type { ComparedPlace } from './open-comparison.ts';

export interface CloseComparison {
  readonly comparison: number;
  readonly streamId: number;
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

/**
 * Writes what it came to, and its findings. Repeating it changes nothing. Returns what is written then; null: it has failed. Throws RetryLater where a record
 * that it would name was erased since it was looked at.
 */
export async function closeComparison(pool: Pool, closed: CloseComparison): Promise<ReconcileVerdict | null> {
  const { comparison, streamId, verdict, reason, counts, inFlight, leftOut, targetEvent, differences } = closed;
  return transaction(
    pool,
    async (client) => {
      // An erasure is over, or comes after the findings and takes them along.
      await client.query('select from streams where stream_id = $1 for key share', [streamId]);
      const events = differences.flatMap((one) => [one.storeEvent, one.targetEvent]).filter((event) => event !== null);
      if ((await erasedAmong(client, { streamId, events })).size > 0)
        throw new RetryLater('a record that differs was erased meanwhile: rows are looked at again');
      const { rowCount } = await client.query(
        `update target_comparisons set state = 'done', verdict = $2, reason = $3, missing = $4, extra = $5, different = $6, in_flight = $7, left_out = $8,
          target_event = $9, buckets = null, finished_at = now()
        where comparison = $1 and state = 'running'`,
        [comparison, verdict, reason, counts.missing, counts.extra, counts.different, inFlight, leftOut, targetEvent],
      );
      if (rowCount === 0) return verdictOf(client, comparison);
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
      return verdict;
    },
    BOUNDS,
  );
}

/** A process that is stopped in the middle of it would hold up the next attempt, and all that is written to the stream. */
const BOUNDS = [`set local idle_in_transaction_session_timeout = '10s'`];

async function verdictOf(client: ClientBase, comparison: number): Promise<ReconcileVerdict | null> {
  const { rows } = await client.query<{ verdict: ReconcileVerdict | null }>(
    'select verdict from target_comparisons where comparison = $1',
    [comparison],
  );
  return rows[0]?.verdict ?? null;
}

export interface BreakComparison extends ComparedPlace {
  /** Why. */
  readonly broken: string;
  /** Of the workflow. Workflows of older versions do not say it: all of the table are meant. */
  readonly runId?: string;
  /** It cannot be done: where it was not recorded yet, it is not listed. */
  readonly isRefused?: boolean;
}

/**
 * One that was cancelled, or that could not be done. It is recorded where no attempt came so far: one that was thought dead, and comes later, finds that it
 * has ended.
 */
export async function breakComparison(
  pool: Pool,
  { target, partner, stream, broken, runId, isRefused = false }: BreakComparison,
): Promise<void> {
  // In this order: whoever comes in between finds it, or is found.
  if (runId !== undefined && !isRefused)
    await pool.query(
      `insert into target_comparisons (run_id, target, stream_id, table_name, state, reason, finished_at)
        select $1, $2, stream_id, $4, 'failed', $6, now() from streams where partner = $3 and name = $5 on conflict (run_id) do nothing`,
      [runId, target, partner, stream, streamOf(stream), broken],
    );
  await pool.query(
    `update target_comparisons c set state = 'failed', reason = $4, buckets = null, finished_at = now() from streams s
      where s.stream_id = c.stream_id and s.partner = $2 and c.target = $1 and c.table_name = $3 and c.state = 'running'
        and ($5::text is null or c.run_id = $5)`,
    [target, partner, stream, broken, runId ?? null],
  );
}
