import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { Kind, Outcome } from '../../core/names.ts';
import type { StreamReport } from '../warehouse.ts';
import { quoted } from './quote.ts';
import { reportColumns, reportOf, type ReportRow } from './report.ts';

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
}

export async function listRuns(
  pool: Pool,
  input: { readonly partner?: string | undefined; readonly limit: number },
): Promise<RunSummary[]> {
  const { rows } = await pool.query<RunRow>(
    `select run_id, partner, kind, window_label, started_at, finished_at, outcome, reason from runs
      ${input.partner === undefined ? '' : 'where partner = $2'} order by started_at desc limit $1`,
    input.partner === undefined ? [input.limit] : [input.limit, input.partner],
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
});

export interface StreamDetail extends StreamReport {
  readonly deferredUntil: string | null;
  /** Known of waits that are long. */
  readonly deferredCause: string | null;
  readonly range: string | null;
  readonly bytes: number;
}

interface StreamRow extends ReportRow {
  readonly sync_id: string;
  readonly deferred_until: Date | null;
  readonly deferred_cause: string | null;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly bytes: string;
}

const deferredCause = (run: string): string =>
  `case when ${run}.deferred_cause_until = ${run}.deferred_until then ${run}.deferred_cause end as deferred_cause`;

/** A run with its streams; streams are also found by a stream's own id (`sync/acme/payments/2026-11-24`). */
export async function showRun(
  pool: Pool,
  id: string,
): Promise<{ readonly run: RunSummary | null; readonly streams: readonly StreamDetail[] }> {
  const runs = await pool.query<RunRow>(
    'select run_id, partner, kind, window_label, started_at, finished_at, outcome, reason from runs where run_id = $1',
    [id],
  );
  const streams = await pool.query<StreamRow>(
    `select s.name as stream, r.sync_id, r.deferred_until, ${deferredCause('r')}, r.range_from, r.range_to, r.bytes, ${reportColumns}
      from stream_runs r join streams s using (stream_id) where r.run_id = $1 or r.sync_id = $1 order by s.name`,
    [id],
  );
  if (runs.rows.length === 0 && streams.rows.length === 0)
    throw new InvalidInput(`there is no run ${JSON.stringify(id)}: \`syncline runs list\` shows those there are`);
  return {
    run: runs.rows[0] === undefined ? null : runOf(runs.rows[0]),
    streams: streams.rows.map((row) => ({
      ...reportOf(row, row.sync_id),
      deferredUntil: row.deferred_until?.toISOString() ?? null,
      deferredCause: row.deferred_cause,
      range: row.range_from === null ? null : `${row.range_from.toISOString()} .. ${row.range_to?.toISOString() ?? ''}`,
      bytes: Number(row.bytes),
    })),
  };
}

export interface StreamStatus {
  readonly partner: string;
  readonly stream: string;
  readonly table: string;
  readonly lastOutcome: Outcome | null;
  readonly lastReason: string | null;
  readonly lastFinishedAt: string | null;
  readonly running: boolean;
  readonly deferredUntil: string | null;
  readonly deferredCause: string | null;
  readonly watermark: string | null;
  readonly events: number;
  readonly waiting: number;
  readonly quarantined: number;
  readonly blockedUntil: string | null;
}

/** A window of a backfill says little of how a stream stands, unless it has no other runs. */
const ofNights = (where: string, by: string): string => {
  const last = (which: string): string =>
    `(select * from stream_runs r where r.stream_id = s.stream_id and ${which} and ${where} order by r.${by} desc limit 1)`;
  return `select * from (${last(`r.kind <> 'backfill'`)} union all ${last('true')}) as runs limit 1`;
};

/** Each stream as it stands: its last run, its watermark, what waits and what is in quarantine. */
export async function statusOfStreams(pool: Pool): Promise<StreamStatus[]> {
  const { rows } = await pool.query<{
    partner: string;
    name: string;
    target_table: string;
    watermark: string | null;
    last_event: string;
    outcome: Outcome | null;
    reason: string | null;
    state: string | null;
    finished_at: Date | null;
    deferred_until: Date | null;
    deferred_cause: string | null;
    waiting: string;
    quarantined: string;
    blocked_until: Date | null;
  }>(
    `select s.partner, s.name, s.target_table, s.watermark, s.last_event, ended.outcome, ended.reason, ended.finished_at,
        latest.state, latest.deferred_until, ${deferredCause('latest')},
        (select count(*) from waiting w where w.stream_id = s.stream_id) as waiting,
        (select count(*) from quarantine q where q.stream_id = s.stream_id and q.status = 'held') as quarantined,
        (select max(blocked_until) from credentials c where c.partner = s.partner and blocked_until > now()) as blocked_until
      from streams s
      left join lateral (${ofNights('true', 'run_no')}) latest on true
      left join lateral (${ofNights('r.finished_at is not null', 'finished_at')}) ended on true
      order by s.partner, s.name`,
  );
  return rows.map((row) => ({
    partner: row.partner,
    stream: row.name,
    table: `${row.partner}.${row.target_table}`,
    lastOutcome: row.outcome,
    lastReason: row.reason,
    lastFinishedAt: row.finished_at?.toISOString() ?? null,
    running: row.state === 'running',
    deferredUntil: row.deferred_until?.toISOString() ?? null,
    deferredCause: row.deferred_cause,
    watermark: row.watermark,
    events: Number(row.last_event),
    waiting: Number(row.waiting),
    quarantined: Number(row.quarantined),
    blockedUntil: row.blocked_until?.toISOString() ?? null,
  }));
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
