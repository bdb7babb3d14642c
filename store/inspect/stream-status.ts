import type { Pool } from 'pg';
import type { Outcome } from '../../core/names.ts';
import { isUnread } from '../undo/undos.ts';
import type { WaitKind } from '../ledger/ledger.ts';
import { deferredCause, deferredColumns } from './inspect.ts';

export interface StreamStatus {
  readonly partner: string;
  readonly stream: string;
  readonly table: string;
  readonly lastOutcome: Outcome | null;
  readonly lastReason: string | null;
  readonly lastFinishedAt: string | null;
  /** The run that ended so: its partner's, or the stream's own where it has none. */
  readonly lastRun: string | null;
  readonly running: boolean;
  /** The run that goes on or waits, named as `lastRun`. */
  readonly openRun: string | null;
  readonly deferredUntil: string | null;
  readonly deferredCause: string | null;
  readonly deferredKind: WaitKind | null;
  /** When the last run began that brought the stream up to date. */
  readonly freshAt: string | null;
  readonly watermark: string | null;
  readonly events: number;
  readonly waiting: number;
  /** Of those that wait: for longer than they may. */
  readonly overdue: number;
  readonly quarantined: number;
  readonly blockedUntil: string | null;
  /** The last run that was undone, or of which that was taken back, where nothing has read again yet what has to be. */
  readonly undone: { readonly run: string; readonly isBack: boolean } | null;
}

/** A stream that a definition has, and that has no run yet. */
export const neverRun = (of: Pick<StreamStatus, 'partner' | 'stream' | 'table'>): StreamStatus => ({
  ...of,
  lastOutcome: null,
  lastReason: null,
  lastFinishedAt: null,
  lastRun: null,
  running: false,
  openRun: null,
  deferredUntil: null,
  deferredCause: null,
  deferredKind: null,
  freshAt: null,
  watermark: null,
  events: 0,
  waiting: 0,
  overdue: 0,
  quarantined: 0,
  blockedUntil: null,
  undone: null,
});

const told = [
  ...[
    'sync_id',
    'run_id',
    'kind',
    'window_label',
    'state',
    'outcome',
    'reason',
    'started_at',
    'finished_at',
    'deferred_until',
  ],
  ...deferredColumns,
];

/** Says the same as the index `stream_runs_good`. Of the run that ended last it is asked first: mostly no other one has to be looked for. */
const bringsUpToDate = (run: string): string =>
  `${run}.outcome in ('ok', 'partial') and ${run}.kind in ('nightly', 'manual') and position('..' in ${run}.window_label) < 2`;

/**
 * The last run of a stream, by a column. A window of a backfill says little of how a stream stands, unless it has no other
 * runs: only then are they looked at.
 */
const lastRun = (name: string, by: 'run_no' | 'finished_at'): string => {
  const last = (which: string): string =>
    `(select r.run_no, ${told.map((column) => `r.${column}`).join(', ')} from stream_runs r
      where r.stream_id = s.stream_id and r.${by} is not null and ${which} order by r.${by} desc limit 1)`;
  return `left join lateral ${last(`r.kind <> 'backfill' and r.kind <> 'fetch'`)} ${name}_night on true
    left join lateral (select ${name}_night.* where ${name}_night.run_no is not null
      union all ${last(`${name}_night.run_no is null`)}) ${name} on true`;
};

/**
 * Each stream as it stands: its last run, its watermark, what waits and what is in quarantine. One that failed before it
 * could begin (its table does not fit) has no run of its own; the partner's run says so. `of`: those of a partner, or one stream of it.
 */
export async function statusOfStreams(
  pool: Pool,
  of: { readonly partner?: string; readonly stream?: string } = {},
): Promise<StreamStatus[]> {
  const values = [of.partner, of.stream].filter((value) => value !== undefined);
  const only = ['partner', 'name'].slice(0, values.length).map((column, n) => `s.${column} = $${n + 1}`);
  // Told to the inner counts as well, which would otherwise count all streams for one.
  const among = (table: string): string =>
    of.partner === undefined ? '' : ` and ${table}.stream_id in (select stream_id from streams where partner = $1)`;
  const { rows } = await pool.query<{
    partner: string;
    name: string;
    target_schema: string;
    target_table: string;
    watermark: string | null;
    last_event: string;
    outcome: Outcome | null;
    reason: string | null;
    state: string | null;
    finished_at: Date | null;
    last_run: string | null;
    open_run: string | null;
    deferred_until: Date | null;
    deferred_cause: string | null;
    deferred_kind: WaitKind | null;
    fresh_at: Date | null;
    waiting: string;
    overdue: string;
    quarantined: string;
    blocked_until: Date | null;
    undone: { run: string; isBack: boolean } | null;
  }>({
    // Planned once in a session: that takes a tenth of the whole.
    ...(values.length === 0 ? { name: 'status of all streams' } : {}),
    values,
    text: `select s.partner, s.name, s.target_schema, s.target_table, s.watermark, s.last_event,
        case when stopped.reason is null then ended.outcome else 'failed' end as outcome,
        coalesce(stopped.reason, ended.reason) as reason, coalesce(stopped.finished_at, ended.finished_at) as finished_at,
        coalesce(stopped.run_id, ended.run_id, ended.sync_id) as last_run,
        case when latest.state = 'running' then coalesce(latest.run_id, latest.sync_id) end as open_run,
        good.started_at as fresh_at, latest.state, latest.deferred_until, ${deferredCause('latest')},
        coalesce(waits.waiting, 0) as waiting, coalesce(waits.overdue, 0) as overdue, coalesce(held.quarantined, 0) as quarantined,
        blocks.blocked_until, undone.undone
      from streams s ${lastRun('latest', 'run_no')} ${lastRun('ended', 'finished_at')}
      left join lateral (select w.run_id, w.reason, w.finished_at from (select r.run_id, r.reason, r.finished_at from runs r
          where r.partner = s.partner and s.name = any(r.streams) and r.kind <> 'backfill' order by r.started_at desc limit 1) w
        where w.finished_at > coalesce(ended.finished_at, '-infinity') and w.reason ~ ('(^|; )' || s.name || ' failed: ')) stopped on true
      left join (select partner, max(blocked_until) as blocked_until from credentials
        where blocked_until > now() group by partner) blocks on blocks.partner = s.partner
      left join (select w.stream_id, count(*) as waiting, count(*) filter (where w.overdue_at <= now()) as overdue from waiting w
        where w.status = 'waiting'${among('w')} group by w.stream_id) waits on waits.stream_id = s.stream_id
      left join (select q.stream_id, count(*) as quarantined from quarantine q
        where q.status = 'held'${among('q')} group by q.stream_id) held on held.stream_id = s.stream_id
      left join (select distinct on (u.stream_id) u.stream_id, jsonb_build_object('run', d.sync_id, 'isBack', u.back_at is not null) as undone
        from undos u join stream_runs d using (stream_id, run_no) where ${isUnread} order by u.stream_id, u.undo_id desc) undone
        on undone.stream_id = s.stream_id
      left join lateral (select ended.started_at where ${bringsUpToDate('ended')}
        union all (select r.started_at from stream_runs r where not coalesce(${bringsUpToDate('ended')}, false)
          and r.stream_id = s.stream_id and ${bringsUpToDate('r')} order by r.finished_at desc limit 1)) good on true
      ${only.length === 0 ? '' : `where ${only.join(' and ')}`} order by s.partner, s.name`,
  });
  return rows.map((row) => ({
    partner: row.partner,
    stream: row.name,
    table: `${row.target_schema}.${row.target_table}`,
    lastOutcome: row.outcome,
    lastReason: row.reason,
    lastFinishedAt: row.finished_at?.toISOString() ?? null,
    lastRun: row.last_run,
    running: row.state === 'running',
    openRun: row.open_run,
    deferredUntil: row.deferred_until?.toISOString() ?? null,
    deferredCause: row.deferred_cause,
    deferredKind: row.deferred_kind,
    freshAt: row.fresh_at?.toISOString() ?? null,
    watermark: row.watermark,
    events: Number(row.last_event),
    waiting: Number(row.waiting),
    overdue: Number(row.overdue),
    quarantined: Number(row.quarantined),
    blockedUntil: row.blocked_until?.toISOString() ?? null,
    undone: row.undone,
  }));
}
