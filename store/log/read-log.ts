import type { ClientBase } from 'pg';
import type { Received } from '../../core/received.ts';

/** One event that may change a table, as it came. */
export interface LoggedEvent {
  readonly event: number;
  /** `u`: a record came. `d`: the one of `key` is gone. */
  readonly operation: 'u' | 'd';
  readonly page: number;
  readonly ordinal: number;
  /** Where the record first came: another place only if it was replayed, or logged again. */
  readonly received: Received;
  /** Number of the run that its page belongs to. */
  readonly run: number;
  /** As it was when it came: the definition may find another one now. */
  readonly key: string | null;
  /** Values of the parents of the call it came with. */
  readonly parents: readonly string[];
  readonly payload: string;
}

/** A part of a stream's log. */
export interface Stretch {
  /** The event before it. */
  readonly after: number;
  readonly upTo: number;
  /** Only events of this run. */
  readonly run?: number;
}

export const wholeLog: Stretch = { after: 0, upTo: Number.MAX_SAFE_INTEGER };

interface Row {
  readonly event: string;
  readonly operation: 'u' | 'd';
  readonly page: string;
  readonly ordinal: number;
  readonly received_page: string;
  readonly received_ordinal: number;
  readonly run_no: number | null;
  readonly key: string | null;
  readonly parents: string[] | null;
  readonly payload: string;
}

const MOST = { events: 1000, chars: 8 * 1024 * 1024 };

/** A page of the quarantine's replay or of a sweep has no parents: the page where the record first came has. */
const columns = `e.event, e.operation, e.page, e.ordinal, coalesce(e.received_page, e.page) as received_page,
  coalesce(e.received_ordinal, e.ordinal) as received_ordinal, p.run_no, e.key, f.parents, e.payload::text as payload`;
const from = (streamId: number): string => `events_${streamId} e
  left join pages p on p.stream_id = $1 and p.page_id = e.page
  left join pages f on f.stream_id = $1 and f.page_id = coalesce(e.received_page, e.page)`;

/**
 * The events of a stretch that may change a table, in the order of their numbers, in chunks that fit into memory whatever the size of a
 * record.
 */
export async function* readLog(
  client: ClientBase,
  { streamId, stretch }: { readonly streamId: number; readonly stretch: Stretch },
): AsyncGenerator<readonly LoggedEvent[]> {
  let { after } = stretch;
  let limit = 100;
  for (;;) {
    const { rows } = await client.query<Row>(
      `select ${columns} from ${from(streamId)}
        where e.event > $2 and e.event <= $3 and e.operation in ('u', 'd') and ($5::integer is null or p.run_no = $5)
        order by e.event limit $4`,
      [streamId, after, stretch.upTo, limit, stretch.run ?? null],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.event);
    yield rows.map(loggedOf);
    const chars = rows.reduce((sum, { payload }) => sum + payload.length, 0);
    limit = Math.max(1, Math.min(MOST.events, Math.floor((MOST.chars * rows.length) / chars)));
  }
}

/** Events by their numbers. */
export async function readEvents(
  client: ClientBase,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<readonly LoggedEvent[]> {
  const { rows } = await client.query<Row>(
    `select ${columns} from ${from(streamId)} where e.event = any ($2) and e.operation = 'u' order by e.event`,
    [streamId, events],
  );
  return rows.map(loggedOf);
}

const loggedOf = (row: Row): LoggedEvent => ({
  event: Number(row.event),
  operation: row.operation,
  page: Number(row.page),
  ordinal: row.ordinal,
  received: { page: Number(row.received_page), ordinal: row.received_ordinal },
  run: row.run_no ?? 0,
  key: row.key,
  parents: row.parents ?? [],
  payload: row.payload,
});
