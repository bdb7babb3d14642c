import type { Pool } from 'pg';

/** How a stream stands, as far as metrics tell. */
export interface ObservedInStore {
  readonly partner: string;
  readonly stream: string;
  /** As of when its data is: when the last run began that ended well. Null: none did. */
  readonly freshAt: Date | null;
  readonly lastOkAt: Date | null;
  readonly quarantined: number;
}

const good = `r.stream_id = s.stream_id and r.outcome in ('ok', 'partial') and r.kind in ('nightly', 'manual')
  and position('..' in r.window_label) < 2`;

/** All streams; each question is answered by an index (migrations/0011_inspect.sql), however many runs there were. */
export async function observedStreams(pool: Pool): Promise<ObservedInStore[]> {
  const { rows } = await pool.query<{
    partner: string;
    name: string;
    fresh_at: Date | null;
    last_ok_at: Date | null;
    quarantined: number;
  }>(
    `select s.partner, s.name,
        (select r.started_at from stream_runs r where ${good} order by r.finished_at desc limit 1) as fresh_at,
        (select r.finished_at from stream_runs r where ${good} and r.outcome = 'ok' order by r.finished_at desc limit 1) as last_ok_at,
        (select count(*)::integer from quarantine q where q.stream_id = s.stream_id and q.status = 'held') as quarantined
      from streams s`,
  );
  return rows.map((row) => ({
    partner: row.partner,
    stream: row.name,
    freshAt: row.fresh_at,
    lastOkAt: row.last_ok_at,
    quarantined: row.quarantined,
  }));
}
