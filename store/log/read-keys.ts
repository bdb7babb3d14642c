import type { Asked } from './event-row.ts';

/** The keys that events came with; null: the stream had none. */
export async function readKeys(
  asked: Asked,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<ReadonlyMap<number, string | null>> {
  if (events.length === 0) return new Map();
  const { rows } = await asked.query<{ event: string; key: string | null }>(
    `select event, key from events_${streamId} where event = any ($1)`,
    [events],
  );
  return new Map(rows.map(({ event, key }) => [Number(event), key]));
}
