import type { JoinSchedule } from '../core/schedule.ts';
import type { FoundDuplicates } from './duplicates.ts';

export interface SlotOfJoin {
  /** In duplicates.yaml. */
  readonly name: string;
  /** The time it was meant for, epoch ms. */
  readonly slotMs: number;
}

export interface PlannedJoin {
  /** Workflow id of the search: the same whenever the slot is run. */
  readonly workflowId: string;
  /** Whether a plan is in force whose rules new rows can join by. */
  readonly inForce: boolean;
  /** What it came to already; null: it did not. */
  readonly done: FoundDuplicates | null;
}

export interface ScheduledJoinReport {
  /** ISO. */
  readonly slot: string;
  readonly outcome: 'ok' | 'failed';
  readonly reason: string | null;
  /** null: there was nothing to join, or it failed. */
  readonly found: FoundDuplicates | null;
}

export type ScheduledJoin = (schedule: JoinSchedule) => Promise<ScheduledJoinReport>;
