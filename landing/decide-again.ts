import type { ClientBase } from 'pg';
import type { Grave } from '../core/grave.ts';
import { KeyPast, type Meaning, type PastEvent, type Told } from '../core/key-past.ts';
import { isUndone, type Operation } from '../core/logged-event.ts';
import { writeMicros } from '../core/micros.ts';
import type { Label } from '../store/undo/relabel.ts';
import { keysOf, letterOf, ownOf, type Counts } from './undo-events.ts';

/** What becomes of a key of which some events count no more, or again. */
export interface DecidedKey {
  readonly key: string;
  /** Events of other runs that mean something else from now on. */
  readonly labels: readonly Label[];
  /** The log has nothing of the key before the run. */
  readonly isNew: boolean;
  /** The events that count, in the order of the log. */
  readonly events: readonly number[];
  /** What is known of its record, where it is gone. */
  readonly grave: (Required<Pick<Grave, 'received' | 'at'>> & Grave) | undefined;
}

export interface Deciding {
  readonly streamId: number;
  readonly counts: Counts;
  /** What events said before the undo that is taken back; nothing else has happened to the log since. */
  readonly kept?: ReadonlyMap<number, Label>;
  /** Other undos of the stream are in force: what their events mean is not what they were logged as. */
  readonly others: boolean;
  /** Each record is a row: none stands for another. */
  readonly each: boolean;
}

interface Row {
  readonly event: string;
  readonly operation: Operation;
  readonly key: string;
  readonly version: string | null;
  readonly hash: string;
  readonly page: string;
  readonly ordinal: number;
  readonly at: string;
  readonly kind: string | null;
  readonly own: boolean;
  readonly hidden: boolean;
}

const FETCH = 5000;

/**
 * Goes through all events of the keys that `findOwn` found, key by key, and decides each of them as if those events had never come, or as if they
 * had: as they were decided when they came. Nothing is written.
 */
export async function* decideAgain(client: ClientBase, deciding: Deciding): AsyncGenerator<DecidedKey> {
  const { streamId } = deciding;
  const cursor = `undo_cursor_${streamId}`;
  await client.query(
    `declare ${cursor} no scroll cursor for
      select e.event, coalesce(o.operation, e.operation) as operation, e.key, e.version, e.hash::text as hash, coalesce(e.received_page, e.page) as page,
          coalesce(e.received_ordinal, e.ordinal) as ordinal, (extract(epoch from e.received_at) * 1000000)::bigint as at, p.kind,
          o.event is not null as own, r.undone_at is not null or l.undone_at is not null or w.event is not null as hidden
        from events_${streamId} e join ${keysOf(streamId)} k on k.key = e.key
        left join pages p on p.stream_id = ${streamId} and p.page_id = e.page
        left join pages f on f.stream_id = ${streamId} and f.page_id = coalesce(e.received_page, e.page)
        left join stream_runs r on r.stream_id = ${streamId} and r.run_no = f.run_no
        left join stream_runs l on f.kind = 'deletes' and l.sync_id = f.cursor_in
        left join ${ownOf(streamId)} o on o.event = e.event
        left join lateral (select c.event from undo_changes c join undos u using (undo_id)
          where c.stream_id = ${streamId} and c.event = e.event and c.kind = 'withdrawn' and u.back_at is null limit 1) w on true
        where lower(e.operation::text) in ('u', 's', 'd') order by e.key, e.event`,
  );
  let rows: Row[] = [];
  for (;;) {
    const fetched = await client.query<Row>(`fetch ${FETCH} from ${cursor}`);
    for (const row of fetched.rows) {
      if (rows[0] !== undefined && rows[0].key !== row.key) {
        yield decideKey(rows, deciding);
        rows = [];
      }
      rows.push(row);
    }
    if (fetched.rows.length < FETCH) break;
  }
  if (rows.length > 0) yield decideKey(rows, deciding);
  await client.query(`close ${cursor}`);
}

function decideKey(rows: readonly Row[], deciding: Deciding): DecidedKey {
  if (deciding.each) return eachOf(rows, deciding.counts);
  const [before, after] = [new KeyPast(), new KeyPast()];
  const labels: Label[] = [];
  const events: number[] = [];
  for (const row of rows) {
    const past = pastOf(row);
    const hides = row.own ? deciding.counts === 'no more' : row.hidden;
    const was = row.hidden ? undefined : before.look(past);
    // What was decided by other rules stays as it was.
    const isOurs = was !== undefined && operationOf(row, was) === row.operation;
    if (was !== undefined) before.take(past, isOurs ? was.means : meaningOf(row.operation));
    if (hides) continue;
    const label = labelOf(row, { told: after.look(past), was: isOurs ? was : undefined }, deciding);
    after.take(past, meaningOf(label.operation));
    // The letters of its own events are changed already (`markOwn`).
    const says = row.own ? letterOf(row.operation, deciding.counts) : row.operation;
    if (label.operation !== says || label.found !== undefined) labels.push(label);
    if (!isUndone(label.operation)) events.push(past.event);
  }
  const { grave } = after;
  return {
    key: (rows[0] as Row).key,
    isNew: rows[0]?.own === true,
    labels,
    events,
    grave:
      grave?.received === undefined || grave.at === undefined
        ? undefined
        : { ...grave, received: grave.received, at: grave.at },
  };
}

function eachOf(rows: readonly Row[], counts: Counts): DecidedKey {
  const left = rows.filter(({ own, hidden, operation }) =>
    own ? counts === 'again' : !hidden && !isUndone(operation),
  );
  return {
    key: (rows[0] as Row).key,
    isNew: false,
    labels: [],
    events: left.map(({ event }) => Number(event)),
    grave: undefined,
  };
}

/** What an event says that counts. `was`: what it meant before; undefined: that is not known, or it did not count. */
function labelOf(
  row: Row,
  { told, was }: { readonly told: Told; readonly was: Told | undefined },
  { kept, others, counts }: Deciding,
): Label {
  const event = Number(row.event);
  const said = kept?.get(event);
  if (said !== undefined) return said;
  if (row.own && counts === 'again')
    return { event, operation: others ? operationOf(row, told) : letterOf(row.operation, 'again') };
  if (was === undefined) return { event, operation: row.operation };
  const found = told.found !== undefined && differs(row, told.found) ? told.found : undefined;
  return { event, operation: operationOf(row, told), found };
}

const meaningOf = (operation: Operation): Meaning => (isUndone(operation) ? 'nothing' : (operation as Meaning));

const operationOf = (row: Row, { means }: Told): Operation =>
  means === 'nothing' ? letterOf(row.operation, 'no more') : means;

const differs = (row: Row, found: NonNullable<Told['found']>): boolean =>
  found.version !== row.version || found.hash !== plainHash(row.hash);

const plainHash = (uuid: string): string => uuid.replaceAll('-', '');

const pastOf = (row: Row): PastEvent => ({
  event: Number(row.event),
  isDelete: row.operation === 'd' || row.operation === 'D',
  version: row.version,
  hash: plainHash(row.hash),
  received: { page: Number(row.page), ordinal: row.ordinal },
  at: writeMicros(BigInt(row.at)),
  swept: row.kind === 'sweep',
  removed: row.kind === 'duplicates',
  replayed: row.kind === 'replay',
});
