import type { LoggedEvent, Operation } from '../../core/logged-event.ts';
import { eventColumns, eventOf, eventTables, type Asked, type EventRow } from './event-row.ts';

/** Those of the events with these numbers that brought a record, or those that wait (`w`), in the order of their numbers. */
export async function readEvents(
  asked: Asked,
  {
    streamId,
    events,
    operations = ['u', 's'],
  }: {
    readonly streamId: number;
    readonly events: readonly number[];
    readonly operations?: readonly Operation[];
  },
): Promise<readonly LoggedEvent[]> {
  const { rows } = await asked.query<EventRow>(
    `select ${eventColumns} from ${eventTables(streamId)} where e.event = any ($2) and e.operation = any ($3::"char"[]) order by e.event`,
    [streamId, events, operations],
  );
  return rows.map(eventOf);
}
