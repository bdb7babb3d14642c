import type { Asked } from './event-row.ts';

export interface TouchedSince {
  readonly streamId: number;
  /** The events after this one, up to the end of the log. */
  readonly after: number;
  /** At most so many keys. */
  readonly limit: number;
}

/** What came after a place in the log. */
export interface Touched {
  /** Number of the last event. */
  readonly lastEvent: number;
  readonly keys: ReadonlySet<string>;
  /** There are more keys than were asked for. */
  readonly isCut: boolean;
  /** A complete listing has ended, or events that have no key count no more, or again: any row may be another one. */
  readonly isWhole: boolean;
}

/** Of which keys events have come. */
export async function touchedKeys(asked: Asked, { streamId, after, limit }: TouchedSince): Promise<Touched> {
  const { rows: ends } = await asked.query<{ last_event: string }>(
    'select last_event from streams where stream_id = $1',
    [streamId],
  );
  const lastEvent = Number(ends[0]?.last_event ?? 0);
  const of = [after, lastEvent];
  const { rows: whole } = await asked.query<{ whole: boolean }>(
    `select exists (select from events_${streamId} where event > $1 and event <= $2
      and (operation in ('e', 'E') or (operation = 'r' and key is null))) as whole`,
    of,
  );
  const { rows } = await asked.query<{ key: string }>(
    `select distinct key from events_${streamId} where event > $1 and event <= $2 and key is not null limit ${limit + 1}`,
    of,
  );
  return {
    lastEvent,
    keys: new Set(rows.map(({ key }) => key)),
    isCut: rows.length > limit,
    isWhole: whole[0]?.whole === true,
  };
}

/** Those of some events that were erased. */
export async function erasedAmong(
  asked: Asked,
  { streamId, events }: { readonly streamId: number; readonly events: readonly number[] },
): Promise<ReadonlySet<number>> {
  if (events.length === 0) return new Set();
  const { rows } = await asked.query<{ event: string }>(
    `select event from events_${streamId} where event = any ($1) and operation = 'x'`,
    [events],
  );
  return new Set(rows.map(({ event }) => Number(event)));
}
