import type { ReconcileVerdict } from '../core/reconcile.ts';
import { SECOND } from '../core/duration.ts';
import type { PlaceInTarget } from './apply-target.ts';

export interface CompareTargetInput extends PlaceInTarget {
  readonly times?: Partial<CompareTimes>;
}

/** ms. */
export interface CompareTimes {
  /** How long Temporal waits for a sign of life before it gives the work to another worker. */
  readonly heartbeatTimeoutMs: number;
}

export const compareTimes: CompareTimes = { heartbeatTimeoutMs: 30 * SECOND };

/** What one activity leaves to the next. Which rows differ is kept in the store, never here. */
export interface CompareSoFar {
  /** Its number in the store. */
  readonly comparison: number;
  /** Rows are looked at once the target has loaded the log up to here. */
  readonly upTo: number;
  /** How often that was waited for, and how often rows were looked at. */
  readonly waits: number;
  readonly looks: number;
}

export interface CompareStep extends PlaceInTarget {
  /** Of the workflow. */
  readonly runId: string;
  readonly soFar: CompareSoFar | null;
}

export type CompareStepped =
  { readonly state: 'more'; readonly soFar: CompareSoFar; readonly afterMs: number } | CompareTargetReport;

export type CompareTargetReport =
  | { readonly state: 'done'; readonly comparison: number; readonly verdict: ReconcileVerdict }
  /** It cannot be done, and trying again does not help. */
  | { readonly state: 'refused'; readonly reason: string };

/** One that was cancelled, or could not be done. */
export interface BrokenComparison extends PlaceInTarget {
  /** Why. */
  readonly broken: string;
  /** Of the workflow. Those of older versions do not say it: all of the table that go on are meant. */
  readonly runId?: string;
  /** It cannot be done: where it was not recorded yet, it is not listed. */
  readonly isRefused?: boolean;
}

export type CompareTarget = (input: CompareTargetInput) => Promise<CompareTargetReport>;
