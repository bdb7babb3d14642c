import type { Pool, PoolClient } from 'pg';
import type { Kind } from '../../core/names.ts';
import type { RetryBasis } from './ledger.ts';
import type { StreamIds } from '../../core/stream-ids.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import { reportColumns, reportOf, type ReportRow } from './report.ts';

/**
 * A stream that is read once more for the same run gets an id of its own (messages/retry-ids.ts); it takes the place of the one before.
 * `r` is a row that nothing has taken the place of.
 */
export const isLatest = `not exists (select from stream_runs n where n.sync_id = regexp_replace(r.sync_id, '/r[0-9]+$', '') || '/r'
    || (coalesce(substring(r.sync_id from '/r([0-9]+)$')::integer, 1) + 1))`;

interface RunRow {
  readonly partner: string;
  readonly kind: Kind;
  readonly window_label: string;
  readonly generation: number;
  readonly streams: readonly string[];
}

/** What a run was to do, and how its streams stand; undefined: there is no such run. */
export async function retryBasis(
  pool: Pool | PoolClient,
  names: StreamIds,
  runId: string,
): Promise<RetryBasis | undefined> {
  const runs = await pool.query<RunRow>(
    'select partner, kind, window_label, generation, streams from runs where run_id = $1',
    [runId],
  );
  const run = runs.rows[0];
  if (run === undefined) return undefined;
  const { partner, kind, window_label: window, generation, streams } = run;
  return { partner, kind, window, generation, streams, reports: await reportsOf(pool, names, { runId, ...run }) };
}

/** A stream that another run began first is found by its id. */
async function reportsOf(
  pool: Pool | PoolClient,
  names: StreamIds,
  run: RunRow & { readonly runId: string },
): Promise<readonly StreamReport[]> {
  const { runId, partner, window_label: window, generation, streams } = run;
  const ids = streams.map((stream) => names.streamSyncId({ partner, stream, window, generation }));
  const { rows } = await pool.query<ReportRow & { sync_id: string }>(
    `select s.name as stream, r.sync_id, ${reportColumns} from stream_runs r join streams s using (stream_id)
      where (r.run_id = $1 or r.sync_id = any ($2)) and s.name = any ($3) and ${isLatest} order by s.name`,
    [runId, ids, streams],
  );
  return rows.map((row) => reportOf(row, row.sync_id));
}
