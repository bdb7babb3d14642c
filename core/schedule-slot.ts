import { SECOND } from './duration.ts';
import { dayIn, startOfDay } from './zone.ts';

export const covers = ['day', 'sinceLast'] as const;
/** What a run of a schedule reads: the calendar day that was over, or all that is new since the last run. */
export type Covers = (typeof covers)[number];

/**
 * The window of a schedule's slot: by the time it was meant for, never by the clock, so that a night that is caught up
 * later, or started twice, is the same one. `day`: the last calendar day that was over at that time, in the zone.
 */
export function windowOfSlot(slot: {
  readonly slotMs: number;
  readonly timeZone: string;
  readonly covers: Covers;
}): string {
  const { slotMs, timeZone } = slot;
  if (slot.covers === 'sinceLast') return `..${new Date(slotMs).toISOString().replace('.000Z', 'Z')}`;
  const day = dayIn(startOfDay(dayIn(slotMs, timeZone), timeZone) - SECOND, timeZone);
  return timeZone === 'UTC' ? day : `${day}@${timeZone}`;
}
