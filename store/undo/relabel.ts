import type { ClientBase } from 'pg';
import type { Operation } from '../../core/logged-event.ts';

/** What an event says from now on. */
export interface Label {
  readonly event: number;
  readonly operation: Operation;
  /** Of a delete: what it says it found. Left out: as it is. */
  readonly found?: { readonly version: string | null; readonly hash: string } | undefined;
}

/** Call it under the stream's lock. */
export async function relabelEvents(
  client: ClientBase,
  { streamId, labels }: { readonly streamId: number; readonly labels: readonly Label[] },
): Promise<void> {
  if (labels.length === 0) return;
  const rows = labels.map(({ event, operation, found }) => ({ event, operation, ...found }));
  await client.query('select relabel_events($1, $2)', [streamId, JSON.stringify(rows)]);
}

/** Keeps what events of other runs said before this undo. */
export async function keepLabels(
  client: ClientBase,
  {
    undo,
    streamId,
    kind,
    events,
  }: {
    readonly undo: number;
    readonly streamId: number;
    readonly kind: 'decided' | 'withdrawn';
    readonly events: readonly number[];
  },
): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `insert into undo_changes (undo_id, stream_id, event, kind, operation, version, hash)
      select $1, $2, e.event, $4, e.operation, e.version, e.hash from events_${streamId} e where e.event = any ($3)
      on conflict do nothing`,
    [undo, streamId, events, kind],
  );
}

/** What they said before it, by their numbers. */
export async function keptLabels(
  client: ClientBase,
  { undo, streamId }: { readonly undo: number; readonly streamId: number },
): Promise<ReadonlyMap<number, Label>> {
  const { rows } = await client.query<{ event: string; operation: Operation; version: string | null; hash: string }>(
    `select event, operation, version, hash::text as hash from undo_changes
      where undo_id = $1 and stream_id = $2 and kind = 'decided'`,
    [undo, streamId],
  );
  return new Map(
    rows.map(({ event, operation, version, hash }) => [
      Number(event),
      { event: Number(event), operation, found: { version, hash } },
    ]),
  );
}
