import type { Asked } from './event-row.ts';

/** What came with events, as it came. Those that the log no longer has are left out. */
export async function payloadsOf(
  asked: Asked,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<ReadonlyMap<number, string>> {
  const { rows } = await asked.query<{ event: string; payload: string }>(
    `select event, payload::text as payload from events_${streamId} where event = any ($1)`,
    [events],
  );
  return new Map(rows.map(({ event, payload }) => [Number(event), payload]));
}
