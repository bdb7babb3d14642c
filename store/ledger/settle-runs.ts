import type { PoolClient } from 'pg';
import type { StreamIds } from '../../core/stream-ids.ts';
import type { Outcome } from '../../core/names.ts';
import { outcomeOf, outcomeOfRun, replaceReason, type Evidence } from '../../core/outcome.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { movesWatermark, reached, readUpTo } from './note-reading.ts';
import { evidenceColumns, evidenceOf, type EvidenceRow } from './evidence.ts';
import { beganBeforeUndo } from '../undo/undos.ts';
import { retryBasis } from './retry.ts';

interface SettledRuns {
  readonly stream: LandedStream;
  readonly names: StreamIds;
  readonly streamId: number;
  /** Runs of the stream of whose quarantine something went through. */
  readonly runNos: readonly number[];
}

interface Row extends EvidenceRow {
  readonly run_no: number;
  readonly sync_id: string;
  readonly outcome: 'partial' | 'failed';
}

/**
 * Works out anew how runs ended that were `partial`, or `failed`, and read to their end: what went through since is nothing
 * to complain of any more. Their counts stay. Call it under the stream's lock.
 */
export async function settleRuns(client: PoolClient, { stream, names, streamId, runNos }: SettledRuns): Promise<void> {
  if (runNos.length === 0) return;
  const { rows } = await client.query<Row>(
    `select s.name as stream, r.run_no, r.sync_id, ${evidenceColumns} from stream_runs r join streams s using (stream_id)
      where r.stream_id = $1 and r.run_no = any($2) and r.state = 'done' and r.outcome in ('partial', 'failed')
      order by r.run_no`,
    [streamId, runNos],
  );
  const changes: Change[] = [];
  for (const row of rows) {
    const after = endOf(row, stream);
    if (after.outcome === row.outcome && after.reason === row.reason) continue;
    await client.query('update stream_runs set outcome = $3, reason = $4 where stream_id = $1 and run_no = $2', [
      streamId,
      row.run_no,
      after.outcome,
      after.reason,
    ]);
    if (row.outcome === 'failed' && (after.outcome === 'ok' || after.outcome === 'partial'))
      await moveWatermark(client, { stream, streamId, row });
    changes.push({ syncId: row.sync_id, window: row.window_label, stream: row.stream, before: row, after });
  }
  await settlePartnerRuns(client, { partner: stream.partner.name, names, changes });
}

interface End {
  readonly outcome: Outcome | null;
  readonly reason: string | null;
}

interface Change {
  readonly syncId: string;
  readonly window: string;
  readonly stream: string;
  readonly before: End;
  readonly after: End;
}

function endOf(row: Row, stream: LandedStream): End {
  const evidence = evidenceOf(row, stream);
  const { outcome, reasons } = outcomeOf(row.outcome === 'partial' ? { ...evidence, ...undoubted } : evidence);
  return { outcome, reason: reasons.join('; ') || null };
}

/** A run that ended as `partial` was not in doubt then; what other runs became since does not change that. */
const undoubted = {
  partnerTotal: null,
  doubt: undefined,
  stalled: undefined,
  sharedKeys: undefined,
  lastFetched: null,
  skipped: 0,
} satisfies Partial<Evidence>;

/**
 * As the run's end would have done. Not into another table than the one it filled; and not its validators: what they stand
 * for may be older than what was read since.
 */
async function moveWatermark(
  client: PoolClient,
  { stream, streamId, row }: Pick<SettledRuns, 'stream' | 'streamId'> & { readonly row: Row },
): Promise<void> {
  if (!movesWatermark(row)) return;
  await client.query(
    `update streams s set watermark = greatest(s.watermark, ${reached('$3')}) from stream_runs r
      where s.stream_id = $1 and r.stream_id = $1 and r.run_no = $2 and r.target_table = s.target_table
        and not ${beganBeforeUndo}`,
    [streamId, row.run_no, readUpTo(row, stream)],
  );
}

/** The runs of the partner that have these among their streams, whoever began them. */
async function settlePartnerRuns(
  client: PoolClient,
  input: { readonly partner: string; readonly names: StreamIds; readonly changes: readonly Change[] },
): Promise<void> {
  if (input.changes.length === 0) return;
  const { rows } = await client.query<{ run_id: string; reason: string | null }>(
    `select run_id, reason from runs where partner = $1 and window_label = any($2) and kind <> 'backfill'
        and finished_at is not null and outcome in ('partial', 'failed')
      order by run_id for update`,
    [input.partner, [...new Set(input.changes.map(({ window }) => window))]],
  );
  for (const run of rows) {
    const basis = await retryBasis(client, input.names, run.run_id);
    const changed = input.changes.filter(({ syncId }) => basis?.reports.some((report) => report.syncId === syncId));
    // One that is being read once more ends the run anew by itself.
    if (basis === undefined || changed.length === 0 || basis.reports.some(({ state }) => state === 'running')) continue;
    const outcome = outcomeOfRun(
      basis.streams.map((stream) => basis.reports.find((report) => report.stream === stream)?.outcome ?? 'failed'),
    );
    const reason = changed.reduce(
      (text, { stream, before, after }) => replaceReason(text, { stream, ...before }, { stream, ...after }),
      run.reason,
    );
    await client.query('update runs set outcome = $2, reason = $3 where run_id = $1', [run.run_id, outcome, reason]);
  }
}
