import { syncId } from '../client/start-sync.ts';
import type { DeclaredSchedule } from '../core/schedule.ts';
import { windowOfSlot } from '../core/schedule-slot.ts';
import type { ActivityDeps } from './index.ts';

export type SlotOfSchedule = Pick<DeclaredSchedule, 'partner' | 'streams' | 'timeZone' | 'covers'> & {
  /** The time it was meant for, epoch ms. */
  readonly slotMs: number;
};

export interface PlannedSlot {
  readonly window: string;
  /** The same as that of `syncline sync` for this window, so that the two never read it twice. */
  readonly runId: string;
}

/** The window and run of a schedule's slot. Time zones change by law: what was decided once stays in the history. */
export function planScheduled({ names }: Pick<ActivityDeps, 'names'>, slot: SlotOfSchedule): PlannedSlot {
  const { partner } = slot;
  const window = windowOfSlot(slot);
  const streams = [...new Set(slot.streams)].toSorted();
  return { window, runId: syncId(names, { partner, streams, window, generation: 1 }) };
}
