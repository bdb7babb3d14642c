import { z } from 'zod';
import { reconcileLevels } from '../core/reconcile.ts';
import { durationMs } from './duration-text.ts';
import { overlap, scheduleName, scheduleTimes } from './schedule-times.ts';

/** What a schedule may repair by itself: all of it lands as records always do, and nothing is deleted. */
export const repairedByItself = ['missing', 'stale', 'different'] as const;

const entry = z.strictObject({
  ...scheduleTimes,
  /** All that can be compared in this way when absent. */
  streams: z.array(z.string()).default([]),
  level: z.enum(reconcileLevels).default('content'),
  /** Only what changed within so long before the time of the schedule; all there is when absent. */
  last: durationMs.refine((ms) => ms > 0, 'above 0').optional(),
  /** So many records of the store are drawn and asked for one by one, instead of a listing of the partner. */
  sample: z.int().positive().optional(),
  /** What is repaired at once. */
  repair: z.array(z.enum(repairedByItself)).default([]),
  /** A reconciliation has spare quota only, and may take longer than the schedule thinks. */
  overlap: overlap.default('queueOne'),
});
export type ReconcileEntry = z.output<typeof entry>;

/** When a partner is compared with the store by itself: docs/reconcile.md. */
export const reconcile = z.record(scheduleName, entry).default({});
