import type { UnfitEvents } from '../core/unfit-events.ts';
import type { PlaceInTarget } from './apply-target.ts';

export interface RebuildTargetInput extends PlaceInTarget {
  /** `compare` changes nothing. `erase` rebuilds, and keeps nothing of the table before. */
  readonly action: 'rebuild' | 'compare' | 'rollback' | 'erase';
  /** Rows whose record fits the schema no longer may go. */
  readonly acceptUnfit: boolean;
  /**
   * The log has just lost something: it is not done by a rebuild that may have read the log before, and what a load has read before comes in no more
   * afterwards.
   */
  readonly logChanged?: true;
}

/** What one activity leaves to the next. */
export interface RebuildSoFar {
  /** Id of the table that is made anew, or of the one that comes back. */
  readonly table: string;
  /** Up to which event it is made, and the event that the live one shows. */
  readonly event: number;
  readonly lastEvent: number;
  /** Rows that stand for one of them are found by their numbers. */
  readonly unfit: UnfitEvents;
}

export interface RebuildStep extends RebuildTargetInput {
  readonly soFar: RebuildSoFar | null;
}

export type RebuildStepped =
  | { readonly state: 'more'; readonly soFar: RebuildSoFar }
  | { readonly state: 'done'; readonly report: TargetRebuilt }
  /** Nothing was changed: a person has to decide first. */
  | { readonly state: 'refused'; readonly reason: string };

export interface TargetRebuilt {
  readonly table: string;
  /** The table is, or would be, what the log says up to here. */
  readonly upTo: number;
  readonly differences: { readonly changed: number; readonly gone: number; readonly came: number };
  readonly unfit: { readonly events: number; readonly rows: number; readonly first: UnfitEvents['first'] };
  /** The table made anew stands in the place of the one before, or the one before came back. */
  readonly applied: boolean;
  /** How it showed that somebody had changed the table before. It is kept, but `rollback` does not bring it back: the next load would make it anew. */
  readonly changedBefore?: string;
  /** Columns that came since the table that is back was kept: the next load makes it anew from the log, to fill them. */
  readonly unfilled?: readonly string[];
}

export type RebuildTarget = (
  input: RebuildTargetInput & { readonly soFar?: RebuildSoFar },
) => Promise<RebuildTargetReport>;

export type RebuildTargetReport =
  { readonly state: 'done'; readonly report: TargetRebuilt } | { readonly state: 'refused'; readonly reason: string };
