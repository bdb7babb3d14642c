import type { Pool } from 'pg';
import type { Disposition } from '../../core/life.ts';

/** A stream as the store knows it, whether or not it is still defined. */
export interface TracedStream {
  readonly streamId: number;
  /** Number of the last event of its log. */
  readonly lastEvent: number;
  /** Of a key that has an event below this, earlier ones may be missing: retention removed some. 0: all are there. */
  readonly logFrom: number;
  /** When it last did, a day of UTC; null: never. */
  readonly removedAt: string | null;
  readonly disposition: Disposition;
  /** With its schema. */
  readonly table: string;
}

/** undefined: nothing of the stream was ever read. */
export async function tracedStream(
  pool: Pool,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<TracedStream | undefined> {
  const { rows } = await pool.query<{
    stream_id: number;
    last_event: string;
    log_from: string;
    removed_at: string | null;
    disposition: Disposition;
    target_schema: string;
    target_table: string;
  }>(
    `select stream_id, last_event, coalesce(r.horizon + 1, 0) as log_from, r.day as removed_at, disposition, target_schema, target_table
      from streams s cross join lateral (select max(horizon) as horizon, max(day)::text as day from removals r
        where r.stream_id = s.stream_id and lines > 0) r
      where partner = $1 and name = $2`,
    [partner, stream],
  );
  return rows.map((row) => ({
    streamId: row.stream_id,
    lastEvent: Number(row.last_event),
    logFrom: Number(row.log_from),
    removedAt: row.removed_at,
    disposition: row.disposition,
    table: `${row.target_schema}.${row.target_table}`,
  }))[0];
}
