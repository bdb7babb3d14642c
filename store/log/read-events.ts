import type { LoggedEvent } from '../../core/logged-event.ts';
import { eventColumns, eventOf, eventTables, type Asked, type EventRow } from './event-row.ts';

/** Those of the events with these numbers that brought a record and changed what was known, in the order of their numbers. */
export async function readEvents(
  asked: Asked,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<readonly LoggedEvent[]> {
  const { rows } = await asked.query<EventRow>(
    `select ${eventColumns} from ${eventTables(streamId)} where e.event = any ($2) and e.operation in ('u', 's') order by e.event`,
    [streamId, events],
  );
  return rows.map(eventOf);
}
