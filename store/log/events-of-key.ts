import type { TracedEvent } from '../../core/life.ts';
import { eventColumns, eventOf, eventTables, type Asked, type EventRow } from './event-row.ts';

export interface KeySearch {
  readonly streamId: number;
  /** As the log has it. */
  readonly key: string;
  /** The last event of the log. */
  readonly lastEvent: number;
  /** The newest so many are read; the others are counted. */
  readonly limit: number;
  /** How many events are looked at where no index knows the keys. */
  readonly most: number;
  /** Events to look at in any case: those that rows of the key stand for. */
  readonly known: readonly number[];
}

export interface EventsOfKey {
  /** Oldest first. */
  readonly events: readonly TracedEvent[];
  /** Older ones of the key, among what was looked at. */
  readonly leftOut: number;
  /** The log was looked at from this event on. 1: all of it. */
  readonly searchedFrom: number;
  readonly indexed: boolean;
}

/** So many events are looked at by one statement: none holds back the vacuum for long. */
const SLICE = 100_000;

interface Row extends EventRow {
  readonly received_at: Date;
  readonly kind: string | null;
  readonly caller: string | null;
  readonly page_key: string | null;
  readonly page_no: number | null;
  readonly request_id: string | null;
  readonly run_id: string | null;
  readonly window_label: string | null;
  readonly sweep: string | null;
  readonly state: string | null;
}

/**
 * The events of one key. The log has no index of keys, since each event would pay for it; an index that somebody made on the stream's
 * partition is used. Without one the log is read from its end backwards, and not beyond `most` events.
 */
export async function eventsOfKey(asked: Asked, search: KeySearch): Promise<EventsOfKey> {
  const { streamId, key, lastEvent, limit, most, known } = search;
  const indexed = await hasKeyIndex(asked, streamId);
  const first = indexed ? 1 : Math.max(1, lastEvent - most + 1);
  const found: TracedEvent[] = [];
  let leftOut = 0;
  for (let to = lastEvent; to >= first;) {
    const from = indexed ? 1 : Math.max(first, to - SLICE + 1);
    const range = { streamId, key, from, to };
    const wanted = limit - found.length;
    if (wanted > 0) found.push(...(await newestIn(asked, { ...range, wanted })));
    if (found.length >= limit)
      leftOut += await countIn(asked, { ...range, to: Math.min(to, (found.at(-1)?.event ?? 1) - 1) });
    to = from - 1;
  }
  const beyond = known.filter((event) => event < first);
  if (beyond.length > 0 && found.length < limit)
    found.push(
      ...(await newestIn(asked, { streamId, key, from: 1, to: first - 1, wanted: limit - found.length, only: beyond })),
    );
  return { events: found.toReversed(), leftOut, searchedFrom: first, indexed };
}

interface Range {
  readonly streamId: number;
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** Newest first. `only`: of these. */
async function newestIn(
  asked: Asked,
  { streamId, key, from, to, wanted, only }: Range & { readonly wanted: number; readonly only?: readonly number[] },
): Promise<readonly TracedEvent[]> {
  const these = only === undefined ? '' : ' and e.event = any ($6)';
  const { rows } = await asked.query<Row>(
    `select ${eventColumns}, e.received_at, p.kind, f.caller, f.page_key, f.page_no, f.request_id, coalesce(r.run_id, r.sync_id, case when p.kind = 'deletes' then p.cursor_in end) as run_id,
        r.window_label, r.sweep, r.state
      from ${eventTables(streamId)} left join stream_runs r on r.stream_id = $1 and r.run_no = p.run_no
      where e.key = $2 and e.event between $3 and $4${these} order by e.event desc limit $5`,
    [streamId, key, from, to, wanted, ...(only === undefined ? [] : [only])],
  );
  return rows.map(tracedOf);
}

async function countIn(asked: Asked, { streamId, key, from, to }: Range): Promise<number> {
  if (to < from) return 0;
  const { rows } = await asked.query<{ count: string }>(
    `select count(*) from events_${streamId} where key = $1 and event between $2 and $3`,
    [key, from, to],
  );
  return Number(rows[0]?.count);
}

/** One on all events, whatever its kind, that begins with the key. */
async function hasKeyIndex(asked: Asked, streamId: number): Promise<boolean> {
  const { rows } = await asked.query<{ indexed: boolean }>(
    `select exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = to_regclass($1) and i.indisvalid and i.indpred is null and a.attname = 'key') as indexed`,
    [`events_${streamId}`],
  );
  return rows[0]?.indexed === true;
}

const tracedOf = (row: Row): TracedEvent => ({
  ...eventOf(row),
  receivedAt: row.received_at.toISOString(),
  source: {
    batch: row.kind,
    run: row.run_id,
    window: row.window_label,
    // The end of a listing came with no page, and what was pushed with none of a run.
    page:
      row.kind === 'sweep' || row.kind === 'duplicates' || row.kind === 'deletes' || row.caller !== null
        ? null
        : row.page_no,
    pushed: row.caller === null || row.page_key === null ? null : { by: row.caller, request: row.page_key },
    requestId: row.request_id,
    sweep: row.sweep === null ? null : Number(row.sweep),
    running: row.state === 'running',
  },
});
