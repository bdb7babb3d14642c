import type { ClientBase, Pool } from 'pg';
import { writeMicros } from '../../core/micros.ts';
import type { LoggedEvent, Operation } from '../../core/logged-event.ts';

/** Whoever reads: in a transaction of the caller's, or not. */
export type Asked = Pick<Pool | ClientBase, 'query'>;

export interface EventRow {
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
  /** Only where `receivedAtColumn` is asked for. */
  readonly received_at_text?: string;
  /** Microseconds. */
  readonly deleted_at: string | null;
}

/** What an event's own line has. */
export const ownColumns = `e.event, e.operation, e.page, e.ordinal, coalesce(e.received_page, e.page) as received_page,
  coalesce(e.received_ordinal, e.ordinal) as received_ordinal, e.key, e.version, e.hash, e.payload::text as payload,
  case when e.operation = 'd' then (extract(epoch from e.received_at) * 1000000)::bigint end as deleted_at`;

export const eventColumns = `${ownColumns}, p.run_no, f.parents`;

/** Of a record that was replayed, when it had first come. */
export const receivedAtColumn = `to_char(case when e.received_page is null then e.received_at else coalesce(f.fetched_at, e.received_at) end
    at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as received_at_text`;

/** The stream is parameter 1. A batch that is no page of the partner's has no parents: the page where the record first came has. */
export const eventTables = (streamId: number): string => `events_${streamId} e
  left join pages p on p.stream_id = $1 and p.page_id = e.page
  left join pages f on f.stream_id = $1 and f.page_id = coalesce(e.received_page, e.page)`;

/** What the ledger says of the pages of an event: whose run the first is of, and the parents of the one where its record first came. */
export type OfPages = Pick<EventRow, 'run_no' | 'parents'>;

export const eventOf = (row: EventRow): LoggedEvent => eventWith(row, row);

export function eventWith(row: Omit<EventRow, keyof OfPages>, { run_no: run, parents }: OfPages): LoggedEvent {
  const event = {
    event: Number(row.event),
    operation: row.operation,
    page: Number(row.page),
    ordinal: row.ordinal,
    received: { page: Number(row.received_page), ordinal: row.received_ordinal },
    run: run ?? 0,
    key: row.key,
    version: row.version,
    hash: row.hash.replaceAll('-', ''),
    parents: parents ?? [],
    payload: row.payload,
  };
  const { received_at_text: receivedAt, deleted_at: deletedAt } = row;
  if (receivedAt === undefined && deletedAt === null) return event;
  return {
    ...event,
    ...(receivedAt === undefined ? {} : { receivedAt }),
    ...(deletedAt === null ? {} : { deletedAt: writeMicros(BigInt(deletedAt)) }),
  };
}
