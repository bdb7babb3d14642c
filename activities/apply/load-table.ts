import { asksHeads, changesOf, noChanges, type AppliedEvent, type Taking } from '../../apply/changes-of.ts';
import type { HistoryRules } from '../../apply/history-rows.ts';
import { UnfitTally } from '../../apply/unfit-tally.ts';
import type { Head } from '../../core/decide.ts';
import { noUnfit, type UnfitEvent } from '../../core/unfit-events.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { EventRange } from '../../store/log/read-log.ts';
import type { TargetStore } from '../../store/target-store.ts';
import type { TableInTarget } from '../../store/target-unfit.ts';
import type { RowChanges, RowHead, Target, TargetTable } from '../../targets/target.ts';
import { loadHistory, loadListedHistory } from './load-history.ts';
import { slicesOf } from './slices.ts';

export interface LoadOf {
  readonly store: Pick<TargetStore, 'readLog' | 'readEvents' | 'nextListing' | 'readUnfit' | 'noteUnfit' | 'readKeys'>;
  readonly target: Target;
  readonly table: TargetTable;
  /** Under which id it is noted what the table lacks. */
  readonly noted: TableInTarget;
  readonly stream: CompiledStream;
  readonly streamId: number;
  readonly taking: Taking | HistoryRules;
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

export interface Loading<T = Taking> extends LoadOf {
  readonly taking: T & (Taking | HistoryRules);
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
  const tally = new UnfitTally(
    typeof taking === 'string' ? taking : taking.taking,
    before,
    await store.readKeys({ streamId, events: before.events }),
  );
  const note = async (): Promise<void> => {
    if (tally.unfit !== known) await store.noteUnfit({ ...noted, unfit: tally.unfit });
  };
  const loading = { ...of, from, lastEvent, tally, note };
  if (typeof taking === 'string')
    return taking === 'listed' ? loadListing({ ...loading, taking }) : loadRange({ ...loading, taking });
  return taking.taking === 'listings' ? loadListedHistory({ ...loading, taking }) : loadHistory({ ...loading, taking });
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
  await target.apply(table, { ...noChanges, from, to: range.to });
  return { event: range.to, rows: 0, unfit: [] };
}

const rowsIn = ({ upserts, deletes, buries = [] }: RowChanges): number =>
  upserts.length + deletes.length + buries.length;

/** A listing takes effect as a whole, however large it is. Until one has ended there is nothing to do. */
async function loadListing(of: Loading): Promise<Load> {
  const { store, target, table, streamId, from, lastEvent, tally, note } = of;
  const listing = await store.nextListing({ streamId, after: from, to: lastEvent, keyed: table.keys > 0 });
  if (listing === undefined) {
    await target.apply(table, { ...noChanges, from, to: lastEvent });
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
