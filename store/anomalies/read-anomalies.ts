import type { Pool } from 'pg';
import { GOES_BACK_FROM, type AnomalyKind } from '../../core/anomaly.ts';

export interface Anomaly {
  readonly partner: string;
  readonly stream: string;
  readonly streamId: number;
  readonly kind: AnomalyKind;
  readonly key: string;
  /** The one that came last. */
  readonly version: string;
  /** Event that was known, and event that came, the last time. */
  readonly known: number;
  readonly came: number;
  readonly times: number;
  /** ISO. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** As `syncline runs show` takes it; null: the ledger does not have it. */
  readonly firstRun: string | null;
  readonly lastRun: string | null;
}

export interface AnomaliesAsked {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
  readonly key?: string;
  readonly limit: number;
}

export interface Anomalies {
  /** Those of late, the newest first. */
  readonly newest: readonly Anomaly[];
  /** How many there are, and how often they came. */
  readonly count: number;
  readonly times: number;
}

/** Of all streams, of a partner's, of one, or of a key. What was only late, once or twice, is none. */
export async function readAnomalies(pool: Pool, asked: AnomaliesAsked): Promise<Anomalies> {
  const { partner, stream, key, limit } = asked;
  const { rows } = await pool.query<{
    partner: string;
    stream: string;
    stream_id: number;
    kind: AnomalyKind;
    key: string;
    version: string;
    known: string;
    came: string;
    times: string;
    first_at: Date;
    last_at: Date;
    first_run: string | null;
    last_run: string | null;
    count: string;
    sum: string;
  }>(
    `select s.partner, s.name as stream, a.stream_id, a.kind, a.key, a.version, a.known, a.came, a.times, a.first_at, a.last_at,
        coalesce(f.run_id, f.sync_id) as first_run, coalesce(l.run_id, l.sync_id) as last_run,
        count(*) over () as count, sum(a.times) over () as sum
      from anomalies a join streams s using (stream_id)
        left join stream_runs f on f.stream_id = a.stream_id and f.run_no = a.first_run
        left join stream_runs l on l.stream_id = a.stream_id and l.run_no = a.last_run
      where (a.kind <> 'goes-back' or a.times >= ${GOES_BACK_FROM}) and ($1::text is null or s.partner = $1)
        and ($2::text is null or s.name = $2) and ($3::text is null or a.key = $3)
      order by a.last_at desc, s.partner, s.name, a.came desc limit $4`,
    [partner ?? null, stream ?? null, key ?? null, limit],
  );
  return {
    count: Number(rows[0]?.count ?? 0),
    times: Number(rows[0]?.sum ?? 0),
    newest: rows.map((row) => ({
      partner: row.partner,
      stream: row.stream,
      streamId: row.stream_id,
      kind: row.kind,
      key: row.key,
      version: row.version,
      known: Number(row.known),
      came: Number(row.came),
      times: Number(row.times),
      firstAt: row.first_at.toISOString(),
      lastAt: row.last_at.toISOString(),
      firstRun: row.first_run,
      lastRun: row.last_run,
    })),
  };
}

/** Updates of a stream that only the order of arrival has decided, if its definition names no version. */
export async function updatesOf(
  pool: Pool,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<number> {
  const { rows } = await pool.query<{ updated: string }>(
    `select coalesce(sum(r.updated), 0) as updated from stream_runs r join streams s using (stream_id) where s.partner = $1 and s.name = $2`,
    [partner, stream],
  );
  return Number(rows[0]?.updated);
}
