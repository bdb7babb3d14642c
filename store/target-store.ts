import type { Pool } from 'pg';
import type { LoggedEvent } from '../core/logged-event.ts';
import type { ReconcileVerdict } from '../core/reconcile.ts';
import type { UnfitEvents } from '../core/unfit-events.ts';
import {
  breakComparison,
  closeComparison,
  type BreakComparison,
  type CloseComparison,
} from './comparisons/close-comparison.ts';
import {
  noteSums,
  openComparison,
  type NotedSums,
  type OpenComparison,
  type OpenedComparison,
} from './comparisons/open-comparison.ts';
import {
  completeExport,
  forgetExport,
  noteExport,
  type CompleteExport,
  type NewExport,
} from './exports/note-export.ts';
import { findLog, type StreamLog } from './log/find-log.ts';
import { nextListing, type Listing, type ListingsIn } from './log/listings.ts';
import { readEvents, type EventsToRead } from './log/read-events.ts';
import { readKeys } from './log/read-keys.ts';
import { readLog, type ChunkSize, type EventRange } from './log/read-log.ts';
import { erasedAmong, touchedKeys, type Touched, type TouchedSince } from './log/touched-keys.ts';
import {
  noteApplied,
  noteTroubled,
  targetPause,
  type Applied,
  type TargetPause,
  type TargetPlace,
} from './target-states.ts';
import { noteChanged, type Changed } from './target-changed.ts';
import { noteLive, noteUnfit, readUnfit, type TableInTarget } from './target-unfit.ts';

/** What loads into targets need of the store: the log to read, and where to say how they stand. */
export interface TargetStore {
  /** undefined: nothing of the stream was ever read. */
  findLog(partner: string, stream: string): Promise<StreamLog | undefined>;
  /** `times`: also when each record first came. */
  readLog(
    range: EventRange,
    size: ChunkSize,
    asked?: { readonly times: boolean },
  ): AsyncIterable<readonly LoggedEvent[]>;
  /** Those of some events that have these operations. `times`: also when each record first came. */
  readEvents(of: EventsToRead): Promise<readonly LoggedEvent[]>;
  /** `replace`: the next complete listing that ended in the range. */
  nextListing(range: ListingsIn): Promise<Listing | undefined>;
  /** The keys that events came with, by their numbers. */
  readKeys(of: {
    readonly streamId: number;
    readonly events: readonly number[];
  }): Promise<ReadonlyMap<number, string | null>>;
  pauseOf(target: string): Promise<TargetPause | undefined>;
  noteApplied(applied: Applied): Promise<void>;
  noteTroubled(troubled: TargetPlace & { readonly error: string }): Promise<void>;
  /** Whether that was not known yet. */
  noteChanged(changed: Changed): Promise<boolean>;
  /** What a table lacks, as it was last noted. */
  readUnfit(table: TableInTarget): Promise<UnfitEvents>;
  noteUnfit(noted: TableInTarget & { readonly unfit: UnfitEvents }): Promise<void>;
  /** Another table is live; `tables` are all that there are, by their ids. */
  noteLive(live: TableInTarget & { readonly tables: readonly string[] }): Promise<void>;
  /** Of which keys events have come since. */
  touchedKeys(since: TouchedSince): Promise<Touched>;
  /** Those of some events that were erased. */
  erasedAmong(of: { readonly streamId: number; readonly events: readonly number[] }): Promise<ReadonlySet<number>>;
  openComparison(comparison: OpenComparison): Promise<OpenedComparison>;
  noteSums(sums: NotedSums): Promise<void>;
  /** Returns what it came to; null: it has failed. */
  closeComparison(closed: CloseComparison): Promise<ReconcileVerdict | null>;
  /** It was cancelled, or could not be done. */
  breakComparison(broken: BreakComparison): Promise<void>;
  /** Before the first file of an export is written. */
  noteExport(noted: NewExport): Promise<void>;
  /** `publish` gives its folder the name. Throws where an erasure has stopped it. */
  completeExport(complete: CompleteExport): Promise<void>;
  /** It failed, and left no file. */
  forgetExport(id: string): Promise<void>;
}

export const postgresTargetStore = (pool: Pool): TargetStore => ({
  findLog: (partner, stream) => findLog(pool, partner, stream),
  readLog: (range, size, asked) => readLog(pool, range, { size, ...asked }),
  readEvents: (of) => readEvents(pool, of),
  nextListing: (range) => nextListing(pool, range),
  readKeys: (of) => readKeys(pool, of),
  pauseOf: (target) => targetPause(pool, target),
  noteApplied: (applied) => noteApplied(pool, applied),
  noteTroubled: (troubled) => noteTroubled(pool, troubled),
  noteChanged: (changed) => noteChanged(pool, changed),
  readUnfit: (table) => readUnfit(pool, table),
  noteUnfit: (noted) => noteUnfit(pool, noted),
  noteLive: (live) => noteLive(pool, live),
  touchedKeys: (since) => touchedKeys(pool, since),
  erasedAmong: (of) => erasedAmong(pool, of),
  openComparison: (comparison) => openComparison(pool, comparison),
  noteSums: (sums) => noteSums(pool, sums),
  closeComparison: (closed) => closeComparison(pool, closed),
  breakComparison: (broken) => breakComparison(pool, broken),
  noteExport: (noted) => noteExport(pool, noted),
  completeExport: (complete) => completeExport(pool, complete),
  forgetExport: (id) => forgetExport(pool, id),
});
