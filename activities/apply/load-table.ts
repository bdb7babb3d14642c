import { appliedEvents, type DecodedEvents } from '../../apply/applied-events.ts';
import { asksHeads, changesOf, type AppliedEvent, type Taking } from '../../apply/changes-of.ts';
import { UnfitTally } from '../../apply/unfit-tally.ts';
import type { Head } from '../../core/decide.ts';
import { noUnfit, type UnfitEvent } from '../../core/unfit-events.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { usualChunk, type EventRange } from '../../store/log/read-log.ts';
import type { TargetStore } from '../../store/target-store.ts';
import type { TableInTarget } from '../../store/target-unfit.ts';
import type { RowChanges, RowHead, Target, TargetTable } from '../../targets/target.ts';

export interface LoadOf {
  readonly store: Pick<TargetStore, 'readLog' | 'nextListing' | 'readUnfit' | 'noteUnfit' | 'readKeys'>;
  readonly target: Target;
  readonly table: TargetTable;
  /** Under which id it is noted what the table lacks. */
  readonly noted: TableInTarget;
  readonly stream: CompiledStream;
  readonly streamId: number;
  readonly taking: Taking;
  /** Most events in memory at once. */
  readonly rows: number;
  /** Asked while a load goes on; throws where it must not. */
  readonly mayGoOn: () => void;
}

export interface Load {
  /** Where the table stands now. */
  readonly event: number;
  readonly rows: number;
  /** Events among those that were loaded. */
  readonly unfit: readonly UnfitEvent[];
}

interface Loading extends LoadOf {
  readonly from: number;
  readonly lastEvent: number;
  readonly tally: UnfitTally;
  /** Before the load takes effect: one that is interrupted in between is done again. */
  readonly note: () => Promise<void>;
}

/** Brings a table one load nearer to the last event, and notes what it lacks then. */
export async function loadTable(of: LoadOf, from: number, lastEvent: number): Promise<Load> {
  const { store, noted, streamId, taking } = of;
  const known = await store.readUnfit(noted);
  // One that begins lacks nothing, whatever it was before.
  const before = from === 0 ? noUnfit : known;
  const tally = new UnfitTally(taking, before, await store.readKeys({ streamId, events: before.events }));
  const note = async (): Promise<void> => {
    if (tally.unfit !== known) await store.noteUnfit({ ...noted, unfit: tally.unfit });
  };
  const loading = { ...of, from, lastEvent, tally, note };
  return taking === 'listed' ? loadListing(loading) : loadRange(loading);
}

async function loadRange(of: Loading): Promise<Load> {
  const { target, table, taking, from, lastEvent, tally, note } = of;
  const range = { streamId: of.streamId, after: from, to: Math.min(lastEvent, from + of.rows) };
  for await (const { events, unfit, to } of slicesOf(of, range)) {
    tally.take({ applied: events, unfit });
    await note();
    const heads = asksHeads({ from, to, events }, taking) ? await readHeads(of, events) : new Map<string, Head>();
    const changes = changesOf({ from, to, events, heads }, taking);
    await target.apply(table, changes);
    // What did not fit into memory is the next load's.
    return { event: to, rows: rowsIn(changes), unfit };
  }
  await target.apply(table, { ...nothing, from, to: range.to });
  return { event: range.to, rows: 0, unfit: [] };
}

const rowsIn = ({ upserts, deletes, buries = [] }: RowChanges): number =>
  upserts.length + deletes.length + buries.length;

const nothing: RowChanges = { clears: false, deletes: [], upserts: [] };

/** A listing takes effect as a whole, however large it is. Until one has ended there is nothing to do. */
async function loadListing(of: Loading): Promise<Load> {
  const { store, target, table, streamId, from, lastEvent, tally, note } = of;
  const listing = await store.nextListing({ streamId, after: from, to: lastEvent, keyed: table.keys > 0 });
  if (listing === undefined) {
    await target.apply(table, { ...nothing, from, to: lastEvent });
    return { event: lastEvent, rows: 0, unfit: [] };
  }
  let rows = 0;
  const unfit: UnfitEvent[] = [];
  async function* parts(): AsyncGenerator<RowChanges> {
    let { clears } = listing as NonNullable<typeof listing>;
    if (clears) tally.clear();
    for await (const { events, ...slice } of slicesOf(of, listing as EventRange)) {
      const changes = changesOf({ from, to: slice.to, events, heads: new Map() }, 'listed');
      yield { ...changes, clears };
      clears = false;
      rows += rowsIn(changes);
      unfit.push(...slice.unfit);
      tally.take({ applied: events, unfit: slice.unfit });
    }
    await note();
  }
  await target.applyTogether(table, { from, to: listing.to }, parts());
  return { event: listing.to, rows, unfit };
}

interface Slice {
  readonly events: readonly AppliedEvent[];
  readonly unfit: DecodedEvents['unfit'];
  /** The last event that was read. */
  readonly to: number;
}

/** About so much text of records makes a slice full, however few they are. */
const FULL_CHARS = 32 * 1024 * 1024;

async function* slicesOf({ store, stream, rows, mayGoOn }: LoadOf, range: EventRange): AsyncGenerator<Slice> {
  const size = { ...usualChunk, events: Math.min(usualChunk.events, rows) };
  let events: AppliedEvent[] = [];
  let unfit: DecodedEvents['unfit'][number][] = [];
  let [count, chars, to] = [0, 0, range.after];
  for await (const chunk of store.readLog(range, size)) {
    mayGoOn();
    const decoded = await appliedEvents(stream, chunk);
    events.push(...decoded.applied);
    unfit.push(...decoded.unfit);
    count += chunk.length;
    chars += chunk.reduce((sum, { payload }) => sum + payload.length, 0);
    to = chunk.at(-1)?.event ?? to;
    if (count + size.events <= rows && chars < FULL_CHARS) continue;
    yield { events, unfit, to };
    [events, unfit, count, chars] = [[], [], 0, 0];
  }
  if (count > 0) yield { events, unfit, to: range.to };
}

async function readHeads(
  { target, table }: LoadOf,
  events: readonly AppliedEvent[],
): Promise<ReadonlyMap<string, Head>> {
  const keys = new Map<string, readonly string[]>();
  for (const { key, keyTexts } of events) if (key !== null) keys.set(key, keyTexts);
  const found = await target.heads(table, [...keys.values()]);
  const heads = new Map<string, Head>();
  [...keys.keys()].forEach((key, i) => {
    const head = found[i];
    if (head !== undefined) heads.set(key, headOf(head));
  });
  return heads;
}

const headOf = ({ event, page, ordinal, version, hash, deletedAt }: RowHead): Head => ({
  event,
  version,
  hash,
  received: { page, ordinal },
  deletedAt,
});
