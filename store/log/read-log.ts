import type { LoggedEvent, Operation } from '../../core/logged-event.ts';
import {
  eventColumns,
  eventOf,
  eventTables,
  eventWith,
  ownColumns,
  receivedAtColumn,
  type Asked,
  type EventRow,
  type OfPages,
} from './event-row.ts';
import { pagesOfEvents } from './pages-of-events.ts';

/** A part of a stream's log: events after `after`, up to and with `to`. */
export interface EventRange {
  readonly streamId: number;
  readonly after: number;
  readonly to: number;
  /** Only what this run brought. */
  readonly run?: number;
  /** Only the events in this table's column `event`. */
  readonly only?: string;
}

export const wholeLog = { after: 0, to: Number.MAX_SAFE_INTEGER } as const satisfies Omit<EventRange, 'streamId'>;

/** A chunk ends at so many events, or after about so many characters. */
export interface ChunkSize {
  readonly events: number;
  readonly chars: number;
}

export const usualChunk: ChunkSize = { events: 1000, chars: 8 * 1024 * 1024 };
/** Fewer statements for as many events: for whoever holds nobody up. */
export const largeChunk: ChunkSize = { events: 5000, chars: 8 * 1024 * 1024 };

interface Reading {
  readonly size?: ChunkSize;
  /** Left out: all of them. */
  readonly operations?: readonly Operation[];
  /** Also when each record first came. */
  readonly times?: boolean;
}

/** The events of a range in the order of their numbers, in chunks that fit into memory whatever the size of a record. */
export async function* readLog(
  asked: Asked,
  { streamId, after, to, run, only }: EventRange,
  { size = usualChunk, operations, times = false }: Reading = {},
): AsyncGenerator<readonly LoggedEvent[]> {
  const among = only === undefined ? '' : ` and e.event in (select event from ${only} where event > $2)`;
  const joins = run !== undefined || times;
  const ofPages = joins ? undefined : pagesOfEvents(asked, streamId);
  const columns = joins ? `${eventColumns}${times ? `, ${receivedAtColumn}` : ''}` : ownColumns;
  const text = `select ${columns} from ${joins ? eventTables(streamId) : `events_${streamId} e`}
    where $1::integer is not null and e.event > $2 and e.event <= $3
      and ($4::integer is null${joins ? ' or p.run_no = $4' : ''}) and ($5::"char"[] is null or e.operation = any ($5))${among}
    order by e.event limit $6`;
  let from = after;
  let limit = Math.min(100, size.events);
  while (from < to) {
    const { rows } = await asked.query<EventRow>(text, [streamId, from, to, run ?? null, operations ?? null, limit]);
    const last = rows.at(-1);
    if (last === undefined) return;
    from = Number(last.event);
    if (ofPages === undefined) yield rows.map(eventOf);
    else {
      const pages = await ofPages(rows);
      yield rows.map((row, i) => eventWith(row, pages[i] as OfPages));
    }
    const chars = rows.reduce((sum, { payload }) => sum + payload.length, 0);
    limit = Math.max(1, Math.min(size.events, Math.floor((size.chars * rows.length) / chars)));
  }
}
