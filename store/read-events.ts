import type { ClientBase, Pool } from 'pg';
import type { LoggedEvent, Operation } from '../core/logged-event.ts';

type Asked = Pick<Pool | ClientBase, 'query'>;

/** Events after `after`, up to and with `to`, in the order of their numbers. */
export interface EventRange {
  readonly streamId: number;
  readonly after: number;
  readonly to: number;
  /** Only what this run brought. */
  readonly run?: number;
}

/** A chunk ends at so many events, or after about so many characters. */
export interface ChunkSize {
  readonly events: number;
  readonly chars: number;
}

export const usualChunk: ChunkSize = { events: 1000, chars: 8 * 1024 * 1024 };

interface Row {
  readonly event: string;
  readonly operation: Operation;
  readonly page: string;
  readonly ordinal: number;
  readonly received_page: string;
  readonly received_ordinal: number;
  readonly run_no: number | null;
  readonly key: string | null;
  readonly version: string | null;
  readonly hash: string;
  readonly parents: string[] | null;
  readonly payload: string;
}

/**
 * A range of a stream's log, in chunks that fit into memory whatever the size of a record. A batch that is no page of the partner's has
 * no parents: the page where the record first came has.
 */
export async function* readEvents(
  asked: Asked,
  { streamId, after, to, run }: EventRange,
  size: ChunkSize = usualChunk,
): AsyncGenerator<readonly LoggedEvent[]> {
  const text = `select e.event, e.operation, e.page, e.ordinal, coalesce(e.received_page, e.page) as received_page,
      coalesce(e.received_ordinal, e.ordinal) as received_ordinal, p.run_no, e.key, e.version, e.hash, f.parents, e.payload::text as payload
    from events_${streamId} e left join pages p on p.stream_id = $1 and p.page_id = e.page
      left join pages f on f.stream_id = $1 and f.page_id = coalesce(e.received_page, e.page)
    where e.event > $2 and e.event <= $3 and ($4::integer is null or p.run_no = $4) order by e.event limit $5`;
  let from = after;
  let limit = Math.min(100, size.events);
  while (from < to) {
    const { rows } = await asked.query<Row>(text, [streamId, from, to, run ?? null, limit]);
    const last = rows.at(-1);
    if (last === undefined) return;
    from = Number(last.event);
    yield rows.map(eventOf);
    const chars = rows.reduce((sum, { payload }) => sum + payload.length, 0);
    limit = Math.max(1, Math.min(size.events, Math.floor((size.chars * rows.length) / chars)));
  }
}

const eventOf = (row: Row): LoggedEvent => ({
  event: Number(row.event),
  operation: row.operation,
  page: Number(row.page),
  ordinal: row.ordinal,
  received: { page: Number(row.received_page), ordinal: row.received_ordinal },
  run: row.run_no ?? 0,
  key: row.key,
  version: row.version,
  hash: row.hash.replaceAll('-', ''),
  parents: row.parents ?? [],
  payload: row.payload,
});

export interface StreamLog {
  readonly streamId: number;
  /** Number of its last event. */
  readonly lastEvent: number;
}

/** undefined: nothing of the stream was ever read. */
export async function findLog(asked: Asked, partner: string, stream: string): Promise<StreamLog | undefined> {
  const { rows } = await asked.query<{ stream_id: number; last_event: string }>(
    'select stream_id, last_event from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  const row = rows[0];
  return row === undefined ? undefined : { streamId: row.stream_id, lastEvent: Number(row.last_event) };
}
