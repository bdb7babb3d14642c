import type { ClientBase } from 'pg';
import type { Need } from '../../core/need.ts';

/** What records need by another definition than when they began to wait. */
export async function renewNeeds(
  client: ClientBase,
  {
    streamId,
    records,
  }: {
    readonly streamId: number;
    readonly records: readonly { readonly event: number; readonly needs: readonly Need[] }[];
  },
): Promise<void> {
  if (records.length === 0) return;
  const events = records.map(({ event }) => event);
  await client.query(
    `update waiting w set needs = r.needs from json_to_recordset($2) as r(event bigint, needs jsonb)
      where w.stream_id = $1 and w.event = r.event`,
    [streamId, JSON.stringify(records)],
  );
  await client.query('delete from waiting_needs where stream_id = $1 and event = any ($2)', [streamId, events]);
  await noteNeeds(client, { streamId, events });
}

/** By what the records are found once it comes. */
export async function noteNeeds(
  client: ClientBase,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<void> {
  await client.query(
    `insert into waiting_needs (stream_id, event, needed, field, value)
      select w.stream_id, w.event, n.stream, n.field, n.value
        from waiting w, jsonb_to_recordset(w.needs) as n(stream text, field text, value text)
        where w.stream_id = $1 and w.event = any ($2)`,
    [streamId, events],
  );
}
