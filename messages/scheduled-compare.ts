import type { ReconcileVerdict } from '../core/reconcile.ts';
import type { CompareSchedule } from '../core/schedule.ts';
import type { PlaceInTarget } from './apply-target.ts';

export interface CompareSince extends PlaceInTarget {
  /** Its number; null: the last one that has ended since. */
  readonly comparison: number | null;
  /** Epoch ms. */
  readonly sinceMs: number;
}

/** What a comparison came to. */
export interface ComparedTable {
  readonly comparison: number;
  readonly verdict: ReconcileVerdict;
  /** Rows that differ. */
  readonly differ: number;
  readonly reason: string | null;
}

export interface ComparedInSlot {
  readonly partner: string;
  /** `payments`, or `payments.history`. */
  readonly stream: string;
  /** null: it could not be compared. */
  readonly comparison: number | null;
  /** `partial`: it differs. `suspect`: nothing is proven. */
  readonly outcome: 'ok' | 'partial' | 'suspect' | 'failed';
  readonly reason: string | null;
  readonly differ: number;
}

export interface ScheduledCompareReport {
  /** ISO. */
  readonly slot: string;
  readonly outcome: ComparedInSlot['outcome'];
  readonly reason: string | null;
  readonly tables: readonly ComparedInSlot[];
}

export type ScheduledCompare = (schedule: CompareSchedule) => Promise<ScheduledCompareReport>;
