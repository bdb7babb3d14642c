import type { Pool } from 'pg';

/** How much past a ledger has: of each partner `nights` runs of all its streams, then `backfills` of its first stream. */
export interface Past {
  readonly partners: number;
  readonly streams: number;
  readonly nights: number;
  readonly backfills: number;
  /** Of each backfill. */
  readonly windows: number;
  /** Records of each stream, held and replayed, half of each. */
  readonly quarantined: number;
}

/** 100,000 runs, about 1,000,000 runs of streams and as many pages. */
export const LONG_PAST: Past = {
  partners: 50,
  streams: 10,
  nights: 1960,
  backfills: 40,
  windows: 24,
  quarantined: 400,
};

/** A run of the first partner in the middle of its past, and what belongs to it. */
export const middleOf = ({ nights }: Past): { readonly run: string; readonly stream: string; readonly day: string } => {
  const day = dayBefore(Math.floor(nights / 2));
  return { run: `sync/p1/${day}`, stream: `sync/p1/s1/${day}`, day };
};

const LAST_NIGHT = Date.UTC(2026, 10, 24);
const dayBefore = (days: number): string => new Date(LAST_NIGHT - days * 86_400_000).toISOString().slice(0, 10);

/** Writes it in the ledger's tables, as runs that have ended would have. The database is migrated and empty. */
export async function writePast(pool: Pool, past: Past): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('set local synchronous_commit = off');
    for (const statement of statements(past)) await client.query(statement);
    await client.query('commit');
    await client.query('vacuum analyze');
  } finally {
    client.release();
  }
}

const statements = ({ partners, streams, nights, backfills, windows, quarantined }: Past): readonly string[] => [
  `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_run, last_page, last_event)
    select 'p' || p, 's' || s, 'p' || p, 's' || s, 'merge', 'v1', ${nights + backfills * windows}, ${nights + backfills * windows}, 1000
      from generate_series(1, ${partners}) p, generate_series(1, ${streams}) s order by p, s`,
  // One in fifty nights is partial, one in two hundred failed; the last one of each fifth partner goes on.
  `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, started_at, finished_at, outcome)
    select 'sync/p' || p || '/' || day, 'p' || p, 'nightly', day, 1, array(select 's' || s from generate_series(1, ${streams}) s), 'r',
        day::timestamptz + p * interval '1 minute', case when n > 1 or p % 5 > 0 then day::timestamptz + interval '2 hours' end,
        case when n > 1 or p % 5 > 0 then case when (n + p) % 200 = 0 then 'failed' when (n + p) % 50 = 0 then 'partial' else 'ok' end end
      from generate_series(1, ${partners}) p, generate_series(${nights}, 1, -1) n,
        lateral (select to_char(date '2026-11-25' - n, 'YYYY-MM-DD') as day) of_night`,
  `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, started_at, finished_at, outcome)
    select 'backfill/p' || p || '/s1/' || label || '/1h', 'p' || p, 'backfill', label, 1, array['s1'], 'r',
        day::timestamptz + interval '12 hours', day::timestamptz + interval '13 hours', 'ok'
      from generate_series(1, ${partners}) p, generate_series(${backfills}, 1, -1) n,
        lateral (select to_char(date '2026-11-25' - n, 'YYYY-MM-DD') as day) of_day,
        lateral (select to_char(date '2021-01-01' - n, 'YYYY-MM-DD') || 'T00..' || to_char(date '2021-01-01' - n, 'YYYY-MM-DD') || 'T23' as label) of_range`,
  `insert into backfills (run_id, stream, plan, concurrency, windows, tally)
    select run_id, 's1', '{"from":"2020-01-01","to":"2020-01-02","chunk":"1h","zone":"UTC","order":"oldest"}', 4, ${windows}, '{}'
      from runs where kind = 'backfill'`,
  `insert into stream_runs (stream_id, run_no, sync_id, run_id, window_label, kind, lane, range_from, range_to, definition_version, state,
      outcome, checkpoint, page_no, fetched, inserted, requests, started_at, updated_at, finished_at)
    select s.stream_id, row_number() over (partition by s.stream_id order by r.started_at), 'sync/' || r.partner || '/' || s.name || '/' || r.window_label,
        r.run_id, r.window_label, r.kind, 'normal', r.started_at - interval '1 day', r.started_at, 'v1',
        case when r.outcome is null then 'running' when r.outcome = 'failed' then 'failed' else 'done' end, r.outcome,
        '{"cursor":null,"done":true,"page":1,"slice":0}', 1, 100, 100, 1, r.started_at, r.started_at, r.finished_at
      from runs r join streams s using (partner) where r.kind = 'nightly'`,
  `insert into stream_runs (stream_id, run_no, sync_id, run_id, window_label, kind, lane, range_from, range_to, definition_version, state,
      outcome, checkpoint, page_no, fetched, inserted, requests, started_at, updated_at, finished_at)
    select s.stream_id, ${nights} + row_number() over (partition by s.stream_id order by r.started_at, w),
        'sync/' || r.partner || '/s1/' || split_part(r.window_label, 'T', 1) || 'T' || w,
        r.run_id, split_part(r.window_label, 'T', 1) || 'T' || w, 'backfill', 'backfill', r.started_at - interval '1 hour', r.started_at, 'v1',
        'done', 'ok', '{"cursor":null,"done":true,"page":1,"slice":0}', 1, 100, 100, 1, r.started_at, r.started_at, r.finished_at
      from runs r join streams s on s.partner = r.partner and s.name = 's1', generate_series(0, ${windows - 1}) w where r.kind = 'backfill'`,
  `insert into pages (page_key, stream_id, page_id, run_no, page_no, slice, cursor_in, cursor_out, status, request_id, bytes, fetched, inserted,
      updated, unchanged, stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt)
    select gen_random_uuid(), stream_id, run_no, run_no, 1, 0, null, null, 200, 'q', 20000, 100, 100, 0, 0, 0, 0, 0, 0, 0, started_at, 'r', 1
      from stream_runs`,
  `insert into quarantine (stream_id, page, ordinal, key, path, reason, hash, payload, definition_version, status, quarantined_at)
    select stream_id, n, 0, 'k' || n, '/amount', 'expected a number, found text', gen_random_uuid(), repeat('x', 200), 'v1',
        case when n % 2 = 0 then 'held' else 'replayed' end, timestamptz '2026-11-24' - n * interval '1 hour'
      from streams, generate_series(1, ${quarantined}) n`,
  `insert into credentials (credential, partner) select 'c' || p, 'p' || p from generate_series(1, ${partners}) p`,
  `insert into credentials_in_use (partner, credential) select partner, credential from credentials`,
  `insert into waiting (stream_id, event, key, hash, page, ordinal, needs, overdue_at)
    select stream_id, n, 'k' || n, gen_random_uuid(), n, 0, '[]', now() + interval '7 days'
      from streams, generate_series(1, ${quarantined} / 10) n`,
  `insert into pauses (scope, target, partner, reason, paused_by, paused_at, ended_by, ended_at)
    select 'partner', 'p' || p, 'p' || p, 'r', 'ops', timestamptz '2026-11-24' - n * interval '1 day', 'ops', timestamptz '2026-11-24' - n * interval '1 day'
      from generate_series(1, ${partners}) p, generate_series(1, 100) n`,
];
