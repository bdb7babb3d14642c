import type { Pool } from 'pg';
import type { LoggedEvent } from '../core/logged-event.ts';
import { findListing, type Listing } from './find-listing.ts';
import { findLog, readEvents, type ChunkSize, type EventRange, type StreamLog } from './read-events.ts';
import {
  noteApplied,
  noteTroubled,
  targetPause,
  type Applied,
  type TargetPause,
  type TargetPlace,
} from './target-states.ts';

/** What loads into targets need of the store: the log to read, and where to say how they stand. */
export interface TargetStore {
  /** undefined: nothing of the stream was ever read. */
  findLog(partner: string, stream: string): Promise<StreamLog | undefined>;
  readEvents(range: EventRange, size: ChunkSize): AsyncIterable<readonly LoggedEvent[]>;
  /** `replace`: the next complete listing that ended in the range. */
  findListing(range: Omit<EventRange, 'run'> & { readonly keyed: boolean }): Promise<Listing | undefined>;
  pauseOf(target: string): Promise<TargetPause | undefined>;
  noteApplied(applied: Applied): Promise<void>;
  noteTroubled(troubled: TargetPlace & { readonly error: string }): Promise<void>;
}

export const postgresTargetStore = (pool: Pool): TargetStore => ({
  findLog: (partner, stream) => findLog(pool, partner, stream),
  readEvents: (range, size) => readEvents(pool, range, size),
  findListing: (range) => findListing(pool, range),
  pauseOf: (target) => targetPause(pool, target),
  noteApplied: (applied) => noteApplied(pool, applied),
  noteTroubled: (troubled) => noteTroubled(pool, troubled),
});
