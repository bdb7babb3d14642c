import type { ClientBase } from 'pg';
import type { Fate } from '../../core/decide.ts';

/** What became of a record that waited. */
export interface SettledRecord {
  /** Number of its `w`. */
  readonly event: number;
  /** `quarantined`: it fits no longer. */
  readonly fate: Fate | 'quarantined';
  /** The event that it was logged as; null: as none. */
  readonly logged: number | null;
  /** What released it. */
  readonly by:
    { readonly stream: string; readonly event: number } | { readonly person: string; readonly reason: string } | null;
}

/** Ends a wait; the row stays, for people to see. */
export async function settleWaiting(
  client: ClientBase,
  { streamId, records }: { readonly streamId: number; readonly records: readonly SettledRecord[] },
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ event, fate, logged, by }) => ({
    event,
    fate,
    status: fate === 'quarantined' ? 'refused' : 'released',
    settled_event: logged,
    ...(by === null
      ? {}
      : 'person' in by
        ? { by_person: by.person, reason: by.reason }
        : { by_stream: by.stream, by_event: by.event }),
  }));
  await client.query(
    `update waiting w set status = r.status, settled_at = now(), fate = r.fate, settled_event = r.settled_event,
        by_stream = r.by_stream, by_event = r.by_event, by_person = r.by_person, reason = r.reason
      from json_populate_recordset(null::waiting, $2) r where w.stream_id = $1 and w.event = r.event and w.status = 'waiting'`,
    [streamId, JSON.stringify(rows)],
  );
  await forgetNeeds(
    client,
    streamId,
    records.map(({ event }) => event),
  );
}

/** They are never told to a table. Returns the numbers of those that still waited. */
export async function dropWaiting(
  client: ClientBase,
  {
    streamId,
    events,
    person,
    reason,
  }: {
    readonly streamId: number;
    readonly events: readonly number[];
    readonly person: string;
    readonly reason: string;
  },
): Promise<readonly number[]> {
  const { rows } = await client.query<{ event: string }>(
    `update waiting set status = 'dropped', settled_at = now(), by_person = $3, reason = $4
      where stream_id = $1 and event = any ($2) and status = 'waiting' returning event`,
    [streamId, events, person, reason],
  );
  const dropped = rows.map(({ event }) => Number(event));
  await forgetNeeds(client, streamId, dropped);
  return dropped;
}

async function forgetNeeds(client: ClientBase, streamId: number, events: readonly number[]): Promise<void> {
  await client.query('delete from waiting_needs where stream_id = $1 and event = any ($2)', [streamId, events]);
}
