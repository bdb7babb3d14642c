import type { Asked } from './event-row.ts';

export interface StreamLog {
  readonly streamId: number;
  /** Number of its last event. */
  readonly lastEvent: number;
  /** Events below this may be missing: retention removed some. 0: all are there. */
  readonly logFrom: number;
}

/** undefined: nothing of the stream was ever read. */
export async function findLog(asked: Asked, partner: string, stream: string): Promise<StreamLog | undefined> {
  const { rows } = await asked.query<{ stream_id: number; last_event: string; log_from: string }>(
    'select stream_id, last_event, log_from from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  const row = rows[0];
  return row === undefined
    ? undefined
    : { streamId: row.stream_id, lastEvent: Number(row.last_event), logFrom: Number(row.log_from) };
}
