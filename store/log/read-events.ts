import type { LoggedEvent, Operation } from '../../core/logged-event.ts';
import { eventColumns, eventOf, eventTables, receivedAtColumn, type Asked, type EventRow } from './event-row.ts';

export interface EventsToRead {
  readonly streamId: number;
  readonly events: readonly number[];
  readonly operations?: readonly Operation[];
  /** Also when each record first came. */
  readonly times?: boolean;
}

/** Those of the events with these numbers that brought a record, or those of other operations, in the order of their numbers. */
export async function readEvents(
  asked: Asked,
  { streamId, events, operations = ['u', 's'], times = false }: EventsToRead,
): Promise<readonly LoggedEvent[]> {
  const { rows } = await asked.query<EventRow>(
    `select ${eventColumns}${times ? `, ${receivedAtColumn}` : ''} from ${eventTables(streamId)}
      where e.event = any ($2) and e.operation = any ($3::"char"[]) order by e.event`,
    [streamId, events, operations],
  );
  return rows.map(eventOf);
}
