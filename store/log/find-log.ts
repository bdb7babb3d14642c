import type { Asked } from './event-row.ts';

export interface StreamLog {
  readonly streamId: number;
  /** Number of its last event. */
  readonly lastEvent: number;
  /** Events below this may be missing: retention removed some. 0: all are there. */
  readonly logFrom: number;
  /** By which definition the stream's own table was last made to fit. */
  readonly definitionVersion: string;
}

/** undefined: nothing of the stream was ever read. */
export async function findLog(asked: Asked, partner: string, stream: string): Promise<StreamLog | undefined> {
  const { rows } = await asked.query<{
    stream_id: number;
    last_event: string;
    log_from: string;
    definition_version: string;
  }>('select stream_id, last_event, log_from, definition_version from streams where partner = $1 and name = $2', [
    partner,
    stream,
  ]);
  return rows.map((row) => ({
    streamId: row.stream_id,
    lastEvent: Number(row.last_event),
    logFrom: Number(row.log_from),
    definitionVersion: row.definition_version,
  }))[0];
}
