import { windowOfSlot } from '../core/schedule-slot.ts';
import type { SlotOfSchedule, PlannedSlot } from '../messages/scheduled-sync.ts';
import { syncId } from '../messages/sync-id.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** The window and run of a schedule's slot. Time zones change by law: what was decided once stays in the history. */
export function planScheduled({ names }: Pick<ActivityDeps, 'names'>, slot: SlotOfSchedule): PlannedSlot {
  const { partner } = slot;
  const window = windowOfSlot(slot);
  const streams = [...new Set(slot.streams)].toSorted();
  return { window, runId: syncId(names, { partner, streams, window, generation: 1 }) };
}
