import type { ClientBase } from 'pg';

/** A key that targets decide anew, from these events of the log and no others. */
export interface Repair {
  readonly key: string;
  readonly events: readonly number[];
}

const ZERO_HASH = '00000000-0000-0000-0000-000000000000';

/** Logs an `r` for each, in a batch that was begun (`beginRepairs`). Call it under the stream's lock. */
export async function logRepairs(
  client: ClientBase,
  {
    streamId,
    undo,
    page,
    after,
    firstOrdinal,
    logFrom,
    repairs,
  }: {
    readonly streamId: number;
    readonly undo: number;
    readonly page: number;
    /** The last event before them. */
    readonly after: number;
    readonly firstOrdinal: number;
    /** The number of the event below which the log may lack some: what tables have of those stays. */
    readonly logFrom: number;
    readonly repairs: readonly Repair[];
  },
): Promise<void> {
  if (repairs.length === 0) return;
  const rows = repairs.map(({ key, events }, i) => ({
    event: after + i + 1,
    ordinal: firstOrdinal + i,
    key,
    payload: JSON.stringify({ undo, events, ...(logFrom > 0 ? { from: logFrom } : {}) }),
  }));
  await client.query(
    `insert into events_${streamId} (event, page, operation, ordinal, key, received_at, hash, payload)
      select event, $1, 'r', ordinal, key, now(), '${ZERO_HASH}', payload::json
        from json_to_recordset($2) as r(event bigint, ordinal integer, key text, payload text)`,
    [page, JSON.stringify(rows)],
  );
}

/** The batch that repairs come with: of no run. Returns its number, and the last event before it. */
export async function beginRepairs(
  client: ClientBase,
  { streamId, undo }: { readonly streamId: number; readonly undo: number },
): Promise<{ readonly page: number; readonly lastEvent: number }> {
  const { rows } = await client.query<{ last_page: string; last_event: string }>(
    'update streams set last_page = last_page + 1 where stream_id = $1 returning last_page, last_event',
    [streamId],
  );
  const page = Number(rows[0]?.last_page);
  await client.query(
    `insert into pages (page_key, stream_id, page_id, run_no, page_no, slice, cursor_in, status, bytes, fetched, inserted, updated, unchanged,
        stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt, kind)
      values (gen_random_uuid(), $1, $2::bigint, 0, $2::bigint::integer, 0, $3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), '', 1, 'undo')`,
    [streamId, page, `undo ${undo}`],
  );
  return { page, lastEvent: Number(rows[0]?.last_event) };
}
