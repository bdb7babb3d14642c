import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { outcomes, type Kind, type Outcome } from '../../core/names.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import type { WaitKind } from '../ledger/ledger.ts';
import { quoted } from '../../core/sql-text.ts';
import { isLatest } from '../ledger/retry.ts';
import { reportColumns, reportOf, type ReportRow } from '../ledger/report.ts';

/** Reads for people: runs, freshness, quarantine. Indexed, so that they stay fast with many past runs. */

export interface RunSummary {
  readonly runId: string;
  readonly partner: string;
  readonly kind: Kind;
  readonly window: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly generation: number;
  /** Those it was to read. */
  readonly streams: readonly string[];
  /** How many runs of streams were undone. */
  readonly undone: number;
}

const runColumns = `run_id, partner, kind, window_label, started_at, finished_at, outcome, reason, generation, streams,
  (select count(*)::integer from stream_runs u where u.run_id = runs.run_id and u.undone_at is not null) as undone`;

export const listedOutcomes = [...outcomes, 'running'] as const;
export interface RunFilter {
  readonly partner?: string | undefined;
  /** `running`: has not ended. */
  readonly outcome?: (typeof listedOutcomes)[number] | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listRuns(pool: Pool, { partner, outcome, limit }: RunFilter): Promise<RunSummary[]> {
  const conditions = ['true'];
  const values: unknown[] = [limit];
  if (partner !== undefined) conditions.push(`partner = $${values.push(partner)}`);
  if (outcome === 'running') conditions.push('finished_at is null');
  else if (outcome !== undefined) conditions.push(`outcome = $${values.push(outcome)}`);
  // What says the same as its index (migrations/0011_inspect.sql): of a parameter PostgreSQL cannot tell.
  if (outcome !== undefined && outcome !== 'running' && outcome !== 'ok') conditions.push(`outcome <> 'ok'`);
  const { rows } = await pool.query<RunRow>(
    `select ${runColumns} from runs where ${conditions.join(' and ')} order by started_at desc limit $1`,
    values,
  );
  return rows.map(runOf);
}

interface RunRow {
  readonly run_id: string;
  readonly partner: string;
  readonly kind: Kind;
  readonly window_label: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly generation: number;
  readonly streams: readonly string[];
  readonly undone: number;
}

const runOf = (row: RunRow): RunSummary => ({
  runId: row.run_id,
  partner: row.partner,
  kind: row.kind,
  window: row.window_label,
  startedAt: row.started_at.toISOString(),
  finishedAt: row.finished_at?.toISOString() ?? null,
  outcome: row.outcome,
  reason: row.reason,
  generation: row.generation,
  streams: row.streams,
  undone: row.undone,
});

export interface StreamDetail extends StreamReport {
  readonly partner: string;
  readonly runId: string | null;
  readonly window: string;
  readonly deferredUntil: string | null;
  /** Known of waits that are long. */
  readonly deferredCause: string | null;
  readonly deferredKind: WaitKind | null;
  readonly range: string | null;
  readonly bytes: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Who has taken its number of records for right (accept-count.ts). */
  readonly accepted: { readonly by: string; readonly at: string; readonly reason: string } | null;
}

interface StreamRow extends ReportRow {
  readonly partner: string;
  readonly sync_id: string;
  readonly run_id: string | null;
  readonly window_label: string;
  readonly deferred_kind: WaitKind | null;
  readonly deferred_until: Date | null;
  readonly deferred_cause: string | null;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly bytes: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly accepted_at: Date | null;
  readonly accepted_by: string;
  readonly accepted_reason: string;
}

/** What deferredCause reads. */
export const deferredColumns = ['deferred_cause', 'deferred_kind', 'deferred_cause_until'] as const;

export const deferredCause = (run: string): string =>
  ['deferred_cause', 'deferred_kind']
    .map(
      (column) =>
        `case when ${run}.deferred_cause_until = ${run}.deferred_until then ${run}.${column} end as ${column}`,
    )
    .join(', ');

/** A run with its streams; streams are also found by a stream's own id (`sync/acme/payments/2026-11-24`). */
export async function showRun(
  pool: Pool,
  id: string,
): Promise<{ readonly run: RunSummary | null; readonly streams: readonly StreamDetail[] }> {
  const runs = await pool.query<RunRow>(`select ${runColumns} from runs where run_id = $1`, [id]);
  const streams = await pool.query<StreamRow>(
    `select s.partner, s.name as stream, r.sync_id, r.run_id, r.window_label, r.deferred_until, ${deferredCause('r')}, r.range_from, r.range_to, r.bytes, r.started_at, r.finished_at,
        r.accepted_at, r.accepted_by, r.accepted_reason, ${reportColumns}
      from stream_runs r join streams s using (stream_id) where (r.run_id = $1 and ${isLatest}) or r.sync_id = $1 order by s.name, r.run_no`,
    [id],
  );
  if (runs.rows.length === 0 && streams.rows.length === 0)
    throw new InvalidInput(`there is no run ${JSON.stringify(id)}: \`syncline runs list\` shows those there are`);
  return {
    run: runs.rows[0] === undefined ? null : runOf(runs.rows[0]),
    streams: streams.rows.map((row) => ({
      ...reportOf(row, row.sync_id),
      partner: row.partner,
      runId: row.run_id,
      window: row.window_label,
      deferredKind: row.deferred_kind,
      deferredUntil: row.deferred_until?.toISOString() ?? null,
      deferredCause: row.deferred_cause,
      range: row.range_from === null ? null : `${row.range_from.toISOString()} .. ${row.range_to?.toISOString() ?? ''}`,
      bytes: Number(row.bytes),
      startedAt: row.started_at.toISOString(),
      finishedAt: row.finished_at?.toISOString() ?? null,
      accepted:
        row.accepted_at === null
          ? null
          : { by: row.accepted_by, at: row.accepted_at.toISOString(), reason: row.accepted_reason },
    })),
  };
}

/** Those of `streams` that had been read to their end for the run's window when it began, and so were not read by it. */
export async function streamsReadBefore(
  pool: Pool,
  runId: string,
  streams: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select s.name from runs join streams s using (partner) join stream_runs r using (stream_id)
      where runs.run_id = $1 and s.name = any ($2) and r.window_label = runs.window_label and r.state = 'done'
      group by s.name, runs.started_at having max(r.finished_at) < runs.started_at order by s.name`,
    [runId, streams],
  );
  return rows.map(({ name }) => name);
}

/** Rows of a target. */
export async function countRows(pool: Pool, table: string): Promise<number> {
  const [schema = '', name = ''] = table.split('.');
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${quoted(schema)}.${quoted(name)}`);
  return Number(rows[0]?.count);
}

/** The generation after the last one of a window: what `--force` begins. */
export async function nextGeneration(
  pool: Pool,
  { partner, window }: { readonly partner: string; readonly window: string },
): Promise<number> {
  const { rows } = await pool.query<{ last: number | null }>(
    'select max(generation) as last from runs where partner = $1 and window_label = $2',
    [partner, window],
  );
  return (rows[0]?.last ?? 0) + 1;
}
