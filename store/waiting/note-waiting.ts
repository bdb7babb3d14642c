import type { ClientBase } from 'pg';
import type { Need } from '../../core/need.ts';
import type { Received } from '../../core/received.ts';
import { noteNeeds } from './renew-needs.ts';

export interface NewlyWaiting {
  readonly event: number;
  readonly key: string | null;
  readonly hash: string;
  readonly received: Received;
  readonly needs: readonly Need[];
  readonly withinMs: number;
}

/** Notes records that wait from now on. Call it under the stream's lock. */
export async function noteWaiting(
  client: ClientBase,
  { streamId, records }: { readonly streamId: number; readonly records: readonly NewlyWaiting[] },
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ event, key, hash, received, needs, withinMs }) => {
    return { event, key, hash, ...received, needs, within_ms: withinMs };
  });
  await client.query(
    `insert into waiting (stream_id, event, key, hash, page, ordinal, needs, overdue_at)
      select $1, event, key, hash, page, ordinal, needs, now() + within_ms * interval '1 millisecond'
        from json_to_recordset($2) as r(event bigint, key text, hash uuid, page bigint, ordinal integer, needs jsonb, within_ms double precision)`,
    [streamId, JSON.stringify(rows)],
  );
  await noteNeeds(client, { streamId, events: records.map(({ event }) => event) });
}

/** A place in the order of arrival, of a key or of one content of it. */
export interface CameAt {
  readonly key: string;
  readonly hash: string;
  readonly received: Received;
}

/** The same content came again: it counts as received the last time. */
export async function waitAgain(
  client: ClientBase,
  { streamId, came }: { readonly streamId: number; readonly came: readonly CameAt[] },
): Promise<void> {
  if (came.length === 0) return;
  await client.query(
    `update waiting w set page = a.page, ordinal = a.ordinal, superseded_at = null
      from (select distinct on (key, hash) * from unnest($2::text[], $3::uuid[], $4::bigint[], $5::integer[])
          as a(key, hash, page, ordinal) order by key, hash, page desc, ordinal desc) a
      where w.stream_id = $1 and w.status = 'waiting' and w.key = a.key and w.hash = a.hash and (w.page, w.ordinal) < (a.page, a.ordinal)`,
    [streamId, ...columnsOf(came)],
  );
}

/** Marks what waits of keys that were told to a table since. A record that equals its row makes no event, and nothing else would tell that it is newer. */
export async function supersedeWaiting(
  client: ClientBase,
  { streamId, came }: { readonly streamId: number; readonly came: readonly Omit<CameAt, 'hash'>[] },
): Promise<void> {
  if (came.length === 0) return;
  const [keys, , pages, ordinals] = columnsOf(came.map((each) => ({ ...each, hash: '' })));
  await client.query(
    `update waiting w set superseded_at = now()
      from (select distinct on (key) * from unnest($2::text[], $3::bigint[], $4::integer[]) as a(key, page, ordinal)
          order by key, page desc, ordinal desc) a
      where w.stream_id = $1 and w.status = 'waiting' and w.key = a.key and w.superseded_at is null
        and (w.page, w.ordinal) < (a.page, a.ordinal)`,
    [streamId, keys, pages, ordinals],
  );
}

const columnsOf = (came: readonly CameAt[]): [string[], string[], number[], number[]] => [
  came.map(({ key }) => key),
  came.map(({ hash }) => hash),
  came.map(({ received }) => received.page),
  came.map(({ received }) => received.ordinal),
];
