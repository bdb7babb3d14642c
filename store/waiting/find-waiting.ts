import type { ClientBase } from 'pg';
import type { Offer } from '../../core/need.ts';
import { waitingColumns, waitingOf, type WaitingRecord } from './waiting-row.ts';

/** Contents of these keys that wait already, or that somebody has dropped: `key hash`. */
export async function waitingContents(
  client: ClientBase,
  { streamId, keys }: { readonly streamId: number; readonly keys: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const { rows } = await client.query<{ key: string; hash: string }>(
    `select key, hash from waiting where stream_id = $1 and key = any ($2) and status in ('waiting', 'dropped')`,
    [streamId, keys],
  );
  return new Set(rows.map(({ key, hash }) => `${key} ${hash.replaceAll('-', '')}`));
}

/** A record that came, by what others may wait for. */
export interface Brought extends Offer {
  readonly event: number;
}

export interface Called {
  readonly streamId: number;
  /** Of the `w`. */
  readonly event: number;
  /** Of what came. */
  readonly byEvent: number;
}

/** Events of these streams that wait for what came. */
export async function waitingFor(
  client: ClientBase,
  asked: {
    readonly streamIds: readonly number[];
    readonly stream: string;
    readonly brought: readonly Brought[];
  },
): Promise<readonly Called[]> {
  const { streamIds, stream, brought } = asked;
  if (streamIds.length === 0 || brought.length === 0) return [];
  const { rows } = await client.query<{ stream_id: number; event: string; by_event: string }>(
    `select n.stream_id, n.event, min(b.event) as by_event
      from unnest($3::text[], $4::text[], $5::bigint[]) as b(field, value, event)
      join waiting_needs n on n.stream_id = any ($1) and n.needed = $2 and n.field = b.field and n.value = b.value
      group by n.stream_id, n.event`,
    [
      streamIds,
      stream,
      brought.map(({ field }) => field),
      brought.map(({ value }) => value),
      brought.map(({ event }) => event),
    ],
  );
  return rows.map((row) => ({
    streamId: row.stream_id,
    event: Number(row.event),
    byEvent: Number(row.by_event),
  }));
}

/** Records that still wait, in the order in which they were received: these, or the first so many after a place. */
export async function readWaiting(
  client: ClientBase,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<readonly WaitingRecord[]> {
  const { rows } = await client.query<Parameters<typeof waitingOf>[0]>(
    `select ${waitingColumns} from waiting where stream_id = $1 and status = 'waiting' and event = any ($2) order by page, ordinal, event`,
    [streamId, events],
  );
  return rows.map(waitingOf);
}

/** Numbers of all that waits. */
export async function allWaiting(client: ClientBase, streamId: number): Promise<readonly number[]> {
  const { rows } = await client.query<{ event: string }>(
    `select event from waiting where stream_id = $1 and status = 'waiting' order by page, ordinal, event`,
    [streamId],
  );
  return rows.map(({ event }) => Number(event));
}
