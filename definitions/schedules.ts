import { z } from 'zod';
import { covers } from '../core/schedule-slot.ts';
import { overlap, scheduleName, scheduleTimes } from './schedule-times.ts';

const schedule = z.strictObject({
  ...scheduleTimes,
  /** What each run reads: the calendar day before, or all that is new since the last run. */
  window: z.enum(covers).default('day'),
  /** All when absent. */
  streams: z.array(z.string()).default([]),
  overlap: overlap.default('queue'),
});

/** When a partner is synced by itself: docs/schedules.md. */
export const schedules = z.record(scheduleName, schedule).default({});

export type Schedule = z.output<typeof schedule>;
