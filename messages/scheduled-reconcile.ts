import type { ReconcileSchedule } from '../core/schedule.ts';
import type { ReconcileInput, ReconcileReport } from './reconcile.ts';

export type SlotOfReconcile = Pick<
  ReconcileSchedule,
  'partner' | 'name' | 'streams' | 'level' | 'lastMs' | 'sample'
> & {
  /** The time it was meant for, epoch ms. */
  readonly slotMs: number;
};

/** One stream of a slot. */
export interface PlannedReconcile {
  /** Workflow id: the same whenever the slot is run. */
  readonly reconciliation: string;
  readonly input: ReconcileInput;
  /** How it ended already; null: it did not. Temporal may have forgotten it. */
  readonly done: ReconcileReport | null;
}

export interface ReconciledInSlot {
  readonly stream: string;
  readonly reconciliation: string;
  /** `partial`: it differs. `suspect`: nothing is proven. */
  readonly outcome: 'ok' | 'partial' | 'suspect' | 'failed';
  readonly reason: string | null;
  /** Findings that are open. */
  readonly open: number;
  /** Findings that the slot has repaired. */
  readonly repaired: number;
}

export interface ScheduledReconcileReport {
  /** ISO. */
  readonly slot: string;
  readonly outcome: ReconciledInSlot['outcome'];
  readonly reason: string | null;
  readonly streams: readonly ReconciledInSlot[];
}

export type ScheduledReconcile = (schedule: ReconcileSchedule) => Promise<ScheduledReconcileReport>;
