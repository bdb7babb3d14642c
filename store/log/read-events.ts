import type { LoggedEvent } from '../../core/logged-event.ts';
import { eventColumns, eventOf, eventTables, type Asked, type EventRow } from './event-row.ts';

/** Those of the events with these numbers that brought a record and changed what was known, or that wait (`w`), in the order of their numbers. */
export async function readEvents(
  asked: Asked,
  {
    streamId,
    events,
    operation = 'u',
  }: { readonly streamId: number; readonly events: readonly number[]; readonly operation?: 'u' | 'w' },
): Promise<readonly LoggedEvent[]> {
  const { rows } = await asked.query<EventRow>(
    `select ${eventColumns} from ${eventTables(streamId)} where e.event = any ($2) and e.operation = $3 order by e.event`,
    [streamId, events, operation],
  );
  return rows.map(eventOf);
}
