import type { Pool } from 'pg';
import type { Disposition } from '../../core/life.ts';

/** A stream as the store knows it, whether or not it is still defined. */
export interface TracedStream {
  readonly streamId: number;
  /** Number of the last event of its log. */
  readonly lastEvent: number;
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
    disposition: Disposition;
    target_schema: string;
    target_table: string;
  }>(
    'select stream_id, last_event, disposition, target_schema, target_table from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  return rows.map((row) => ({
    streamId: row.stream_id,
    lastEvent: Number(row.last_event),
    disposition: row.disposition,
    table: `${row.target_schema}.${row.target_table}`,
  }))[0];
}
