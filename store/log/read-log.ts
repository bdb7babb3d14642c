import type { ClientBase } from 'pg';
import type { Received } from '../../core/received.ts';

/** One event, as it came. */
export interface LoggedEvent {
  readonly event: number;
  readonly page: number;
  readonly ordinal: number;
  /** Where the record first came: another place only if it was replayed. */
  readonly received: Received;
  /** Number of the run that its page belongs to. */
  readonly run: number;
  /** Values of the parents of the call it came with. */
  readonly parents: readonly string[];
  readonly payload: string;
}

interface Row {
  readonly event: string;
  readonly page: string;
  readonly ordinal: number;
  readonly received_page: string;
  readonly received_ordinal: number;
  readonly run_no: number | null;
  readonly parents: string[] | null;
  readonly payload: string;
}

const MOST = { events: 1000, chars: 8 * 1024 * 1024 };

/** All events of a stream in the order of their numbers, in chunks that fit into memory whatever the size of a record. */
export async function* readLog(client: ClientBase, streamId: number): AsyncGenerator<readonly LoggedEvent[]> {
  let after = 0;
  let limit = 100;
  for (;;) {
    const { rows } = await client.query<Row>(
      `select e.event, e.page, e.ordinal, coalesce(e.received_page, e.page) as received_page,
          coalesce(e.received_ordinal, e.ordinal) as received_ordinal, p.run_no, p.parents, e.payload::text as payload
        from events_${streamId} e left join pages p on p.stream_id = $1 and p.page_id = e.page
        where e.event > $2 order by e.event limit $3`,
      [streamId, after, limit],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Number(last.event);
    yield rows.map((row) => ({
      event: Number(row.event),
      page: Number(row.page),
      ordinal: row.ordinal,
      received: { page: Number(row.received_page), ordinal: row.received_ordinal },
      run: row.run_no ?? 0,
      parents: row.parents ?? [],
      payload: row.payload,
    }));
    const chars = rows.reduce((sum, { payload }) => sum + payload.length, 0);
    limit = Math.max(1, Math.min(MOST.events, Math.floor((MOST.chars * rows.length) / chars)));
  }
}
