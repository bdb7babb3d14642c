import { noChanges, type AppliedEvent } from '../../apply/changes-of.ts';
import { historyRows, type HistoryRules, type KeyToWrite } from '../../apply/history-rows.ts';
import type { UnfitEvent } from '../../core/unfit-events.ts';
import type { EventRange } from '../../store/log/read-log.ts';
import type { RowChanges, RowsOfKeys } from '../../targets/target.ts';
import type { Load, Loading } from './load-table.ts';
import { slicesOf } from './slices.ts';

/** Brings a history one load nearer to the last event: the versions of the keys that came are read, and those that differ are written. */
export async function loadHistory(of: Loading<HistoryRules>): Promise<Load> {
  const { target, table, from, lastEvent, tally, note } = of;
  const range = { streamId: of.streamId, after: from, to: Math.min(lastEvent, from + of.rows) };
  for await (const { events, unfit, to } of slicesOf(of, range)) {
    tally.take({ applied: events, unfit });
    await note();
    const written = { rows: 0 };
    await target.rewrite(table, { from, to }, (rowsOf) =>
      partsOf(of, { events, rowsOf: from === 0 ? undefined : rowsOf, written }),
    );
    return { event: to, rows: written.rows, unfit };
  }
  await target.apply(table, { from, to: range.to, ...noChanges });
  return { event: range.to, rows: 0, unfit: [] };
}

/** A listing becomes part of a history as a whole, as it takes effect. Before the first one whose events the log has all, nothing is known. */
export async function loadListedHistory(of: Loading<HistoryRules>): Promise<Load> {
  const { store, target, table, streamId, from, lastEvent, tally, note } = of;
  const listing = await store.nextListing({ streamId, after: from, to: lastEvent, keyed: true });
  if (listing === undefined) {
    await target.apply(table, { from, to: lastEvent, ...noChanges });
    return { event: lastEvent, rows: 0, unfit: [] };
  }
  const written = { rows: 0 };
  const unfit: UnfitEvent[] = [];
  async function* parts(rowsOf: RowsOfKeys): AsyncGenerator<RowChanges> {
    const { clears } = listing as NonNullable<typeof listing>;
    if (clears) {
      tally.clear();
      yield { ...noChanges, clears };
    }
    for await (const { events, ...slice } of slicesOf(of, listing as EventRange)) {
      yield* partsOf(of, { events, rowsOf, written, begins: clears });
      unfit.push(...slice.unfit);
      tally.take({ applied: events, unfit: slice.unfit });
    }
    await note();
  }
  await target.rewrite(table, { from, to: listing.to }, parts);
  return { event: listing.to, rows: written.rows, unfit };
}

interface Writing {
  readonly events: readonly AppliedEvent[];
  /** undefined: the history is empty. */
  readonly rowsOf: RowsOfKeys | undefined;
  readonly written: { rows: number };
  /** Which versions took effect before is not known: the last event of a key is its first version. */
  readonly begins?: boolean;
}

/** About so many versions are in memory at once. */
const MOST_VERSIONS = 20_000;
const FIRST_KEYS = 1000;

/** Keys side by side, as many as have so many versions: that is learnt from those before. */
async function* partsOf(of: Loading<HistoryRules>, writing: Writing): AsyncGenerator<RowChanges> {
  const { events, rowsOf, written, begins = false } = writing;
  const keys = byKey(events);
  let count = FIRST_KEYS;
  for (let at = 0; at < keys.length;) {
    of.mayGoOn();
    const some = keys.slice(at, at + count);
    const shown = begins ? undefined : await rowsOf?.(some.map(({ keyTexts }) => keyTexts));
    const changes = some.map((key, i) =>
      begins ? firstVersion(key, of.taking) : changesOf(key, shown?.[i] ?? [], of.taking),
    );
    const deletes = changes.flatMap((change) => change.deletes);
    const upserts = changes.flatMap((change) => change.upserts);
    written.rows += deletes.length + upserts.length;
    yield { clears: false, deletes, upserts };
    at += some.length;
    const versions = Math.max(some.length, shown?.reduce((sum, rows) => sum + rows.length, 0) ?? 0);
    count = Math.max(1, Math.floor((some.length * MOST_VERSIONS) / versions));
  }
}

function firstVersion({ keyTexts, events }: EventsOfKey, rules: HistoryRules): Pick<RowChanges, 'deletes' | 'upserts'> {
  const last = events.findLast(({ operation }) => operation !== 's');
  const first = last === undefined || last.operation === 'd' ? [] : [last];
  const { upserts } = historyRows({ keyTexts, shown: [], events: first }, rules);
  return { deletes: [keyTexts], upserts };
}

interface EventsOfKey extends Pick<KeyToWrite, 'keyTexts' | 'events'> {
  /** It is decided anew: of what is shown, only events below this number stay. */
  readonly anewFrom?: number;
}

function changesOf({ anewFrom, ...key }: EventsOfKey, shown: KeyToWrite['shown'], rules: HistoryRules) {
  if (anewFrom === undefined) return historyRows({ ...key, shown }, rules);
  const left = shown.filter(({ event }) => event < anewFrom);
  const { upserts } = historyRows({ ...key, shown: [], before: left }, rules);
  return { deletes: [key.keyTexts], upserts };
}

function byKey(events: readonly AppliedEvent[]): readonly EventsOfKey[] {
  const keys = new Map<string, EventsOfKey & { readonly events: AppliedEvent[] }>();
  for (const event of events) {
    const { key, keyTexts, repair } = event;
    if (key === null) continue;
    const known = keys.get(key);
    if (repair !== undefined) keys.set(key, { keyTexts, events: [...repair.events], anewFrom: repair.from });
    else if (known === undefined) keys.set(key, { keyTexts, events: [event] });
    else known.events.push(event);
  }
  return [...keys.values()];
}
