import type { Asked } from './event-row.ts';

export interface StreamLog {
  readonly streamId: number;
  /** Number of its last event. */
  readonly lastEvent: number;
  /** By which definition the stream's own table was last made to fit. */
  readonly definitionVersion: string;
}

/** undefined: nothing of the stream was ever read. */
export async function findLog(asked: Asked, partner: string, stream: string): Promise<StreamLog | undefined> {
  const { rows } = await asked.query<{ stream_id: number; last_event: string; definition_version: string }>(
    'select stream_id, last_event, definition_version from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { stream_id: streamId, last_event: lastEvent, definition_version: definitionVersion } = row;
  return { streamId, lastEvent: Number(lastEvent), definitionVersion };
}
