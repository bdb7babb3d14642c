import type { BackfillTally } from '../core/backfill-tally.ts';
import type { BackfillJob } from './plan-backfill.ts';

export interface NextWindowsInput extends BackfillJob {
  readonly tally: BackfillTally;
  /** How many to return at the most. */
  readonly limit: number;
}

export interface WindowToRead {
  /** In the order of reading. */
  readonly place: number;
  readonly window: string;
  readonly syncId: string;
  /** Finished windows between the one before and this one. */
  readonly skippedBefore: number;
}

export interface NextWindows {
  readonly windows: readonly WindowToRead[];
  /** Finished windows after the last of them. */
  readonly skippedAfter: number;
  /** The place after the last one that was looked at. */
  readonly next: number;
}
