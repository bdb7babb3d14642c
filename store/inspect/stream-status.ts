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
  readonly running: boolean;
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

const told = ['state', 'outcome', 'reason', 'finished_at', 'deferred_until', ...deferredColumns];

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
 * could begin (its table does not fit) has no run of its own; the partner's run says so.
 */
export async function statusOfStreams(pool: Pool): Promise<StreamStatus[]> {
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
    deferred_until: Date | null;
    deferred_cause: string | null;
    deferred_kind: WaitKind | null;
    fresh_at: Date | null;
    waiting: string;
    overdue: string;
    quarantined: string;
    blocked_until: Date | null;
    undone: { run: string; isBack: boolean } | null;
  }>(
    `select s.partner, s.name, s.target_schema, s.target_table, s.watermark, s.last_event,
        case when stopped.reason is null then ended.outcome else 'failed' end as outcome,
        coalesce(stopped.reason, ended.reason) as reason, coalesce(stopped.finished_at, ended.finished_at) as finished_at,
        good.started_at as fresh_at, latest.state, latest.deferred_until, ${deferredCause('latest')},
        (select count(*) from waiting w where w.stream_id = s.stream_id and w.status = 'waiting') as waiting,
        (select count(*) from waiting w where w.stream_id = s.stream_id and w.status = 'waiting' and w.overdue_at <= now()) as overdue,
        (select count(*) from quarantine q where q.stream_id = s.stream_id and q.status = 'held') as quarantined,
        blocks.blocked_until, (select jsonb_build_object('run', d.sync_id, 'isBack', u.back_at is not null) from undos u join stream_runs d using (stream_id, run_no)
          where u.stream_id = s.stream_id and ${isUnread} order by u.undo_id desc limit 1) as undone
      from streams s ${lastRun('latest', 'run_no')} ${lastRun('ended', 'finished_at')}
      left join lateral (select w.reason, w.finished_at from (select r.run_id, r.reason, r.finished_at from runs r
          where r.partner = s.partner and s.name = any(r.streams) and r.kind <> 'backfill' order by r.started_at desc limit 1) w
        where w.finished_at > coalesce(ended.finished_at, '-infinity') and w.reason ~ ('(^|; )' || s.name || ' failed: ')) stopped on true
      left join (select partner, max(blocked_until) as blocked_until from credentials
        where blocked_until > now() group by partner) blocks on blocks.partner = s.partner
      left join lateral (select started_at from stream_runs r
        where r.stream_id = s.stream_id and r.outcome in ('ok', 'partial') and r.kind in ('nightly', 'manual')
          and position('..' in r.window_label) < 2 order by r.finished_at desc limit 1) good on true
      order by s.partner, s.name`,
  );
  return rows.map((row) => ({
    partner: row.partner,
    stream: row.name,
    table: `${row.target_schema}.${row.target_table}`,
    lastOutcome: row.outcome,
    lastReason: row.reason,
    lastFinishedAt: row.finished_at?.toISOString() ?? null,
    running: row.state === 'running',
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
