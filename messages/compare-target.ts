import type { ReconcileVerdict } from '../core/reconcile.ts';
import type { PlaceInTarget } from './apply-target.ts';

export type CompareTargetInput = PlaceInTarget;

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

export interface CompareStep extends CompareTargetInput {
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

export type CompareTarget = (input: CompareTargetInput) => Promise<CompareTargetReport>;
