import type { ClientBase, Pool } from 'pg';
import type { Need } from '../../core/need.ts';
import type { Wait } from '../../core/wait-words.ts';

/** What waits, or waited, for people to see. */
export interface ListedWait extends Wait {
  readonly partner: string;
  readonly stream: string;
  readonly key: string | null;
  /** As it came; null: not asked for. */
  readonly payload: string | null;
}

export interface WaitFilter {
  readonly partner?: string | undefined;
  readonly stream?: string | undefined;
  /** Left out: whatever became of it. */
  readonly status?: Wait['status'] | undefined;
  /** Number of its event. */
  readonly id?: number | undefined;
  readonly key?: string | undefined;
  readonly limit: number;
}

interface Row {
  readonly partner: string;
  readonly name: string;
  readonly stream_id: number;
  readonly event: string;
  readonly key: string | null;
  readonly needs: readonly Need[];
  readonly since: Date;
  readonly overdue_at: Date;
  readonly overdue: boolean;
  readonly status: Wait['status'];
  readonly settled_at: Date | null;
  readonly fate: Wait['fate'];
  readonly settled_event: string | null;
  readonly by_stream: string | null;
  readonly by_event: string | null;
  readonly by_person: string | null;
  readonly reason: string | null;
}

/** Those that wait longest first. */
export async function listWaiting(pool: Pool, filter: WaitFilter): Promise<readonly ListedWait[]> {
  const { partner, stream, status, id, key, limit } = filter;
  const { rows } = await pool.query<Row>(
    `select s.partner, s.name, w.*, w.status = 'waiting' and w.overdue_at <= now() as overdue
      from waiting w join streams s using (stream_id)
      where ($1::text is null or s.partner = $1) and ($2::text is null or s.name = $2) and ($3::text is null or w.status = $3)
        and ($4::bigint is null or w.event = $4) and ($5::text is null or w.key = $5)
      order by w.since, w.stream_id, w.event limit $6`,
    [partner ?? null, stream ?? null, status ?? null, id ?? null, key ?? null, limit],
  );
  return rows.map((row) => ({ partner: row.partner, stream: row.name, key: row.key, payload: null, ...waitOf(row) }));
}

/** What the record of an event said. */
export async function waitingPayload(
  pool: Pool,
  { partner, stream, id }: { readonly partner: string; readonly stream: string; readonly id: number },
): Promise<string | null> {
  const { rows } = await pool.query<{ payload: string }>(
    `select e.payload::text as payload from events e join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 and e.event = $3 and e.operation = 'w'`,
    [partner, stream, id],
  );
  return rows[0]?.payload ?? null;
}

/** Of one key, by the numbers of their events. */
export async function waitsOfKey(
  pool: Pool,
  { streamId, key }: { readonly streamId: number; readonly key: string },
): Promise<readonly Wait[]> {
  const { rows } = await pool.query<Row>(
    `select w.*, w.status = 'waiting' and w.overdue_at <= now() as overdue from waiting w where stream_id = $1 and key = $2 order by event`,
    [streamId, key],
  );
  return rows.map(waitOf);
}

/** How much of a stream waits for longer than it may. */
export interface Overdue {
  readonly records: number;
  /** ISO. */
  readonly since: string;
}

export async function overdueOf(client: ClientBase | Pool, streamId: number): Promise<Overdue | undefined> {
  const { rows } = await client.query<{ records: string; since: Date | null }>(
    `select count(*) as records, min(since) as since from waiting where stream_id = $1 and status = 'waiting' and overdue_at <= now()`,
    [streamId],
  );
  const { records, since } = rows[0] as (typeof rows)[number];
  return since === null ? undefined : { records: Number(records), since: since.toISOString() };
}

/** What waits of each stream that something waits in. */
export interface StreamWaits {
  readonly partner: string;
  readonly stream: string;
  readonly records: number;
  readonly overdue: number;
  /** Since when the oldest of those that are overdue waits, ISO. */
  readonly overdueSince: string | null;
}

export async function streamWaits(pool: Pool): Promise<readonly StreamWaits[]> {
  const { rows } = await pool.query<{
    partner: string;
    name: string;
    records: string;
    overdue: string;
    since: Date | null;
  }>(
    `select s.partner, s.name, count(*) as records, count(*) filter (where w.overdue_at <= now()) as overdue,
        min(w.since) filter (where w.overdue_at <= now()) as since
      from waiting w join streams s using (stream_id) where w.status = 'waiting' group by s.partner, s.name order by 1, 2`,
  );
  return rows.map(({ partner, name, records, overdue, since }) => ({
    partner,
    stream: name,
    records: Number(records),
    overdue: Number(overdue),
    overdueSince: since?.toISOString() ?? null,
  }));
}

function waitOf(row: Row): Wait {
  const { by_stream: stream, by_event: event, by_person: person } = row;
  return {
    event: Number(row.event),
    needs: row.needs,
    since: row.since.toISOString(),
    overdueAt: row.overdue_at.toISOString(),
    overdue: row.overdue,
    status: row.status,
    settledAt: row.settled_at?.toISOString() ?? null,
    fate: row.fate,
    settledEvent: row.settled_event === null ? null : Number(row.settled_event),
    by: stream === null || event === null ? null : { stream, event: Number(event) },
    person,
    reason: row.reason,
  };
}
