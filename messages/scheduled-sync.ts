import type { Outcome } from '../core/names.ts';
import type { SyncSchedule } from '../core/schedule.ts';

export interface ScheduledReport {
  readonly runId: string;
  readonly window: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
}

export type SlotOfSchedule = Pick<SyncSchedule, 'partner' | 'streams' | 'timeZone' | 'covers'> & {
  /** The time it was meant for, epoch ms. */
  readonly slotMs: number;
};

export interface PlannedSlot {
  readonly window: string;
  /** The same as that of `syncline sync` for this window, so that the two never read it twice. */
  readonly runId: string;
}

export type ScheduledSync = (schedule: SyncSchedule) => Promise<ScheduledReport>;
