import { z } from 'zod';
import { reconcileLevels } from '../core/reconcile.ts';
import { durationMs } from './duration-text.ts';
import { overlap, scheduleName, scheduleTimes } from './schedule-times.ts';
import { means } from './means.ts';

/** What a schedule may repair by itself: all of it lands as records always do, and nothing is deleted. */
export const repairedByItself = ['missing', 'stale', 'different'] as const;

const entry = z.strictObject({
  ...scheduleTimes,
  streams: means('only these streams; all that can be compared in this way if absent', z.array(z.string()).default([])),
  level: means(
    'what is compared: how many records there are, which, also their versions, or also their content',
    z.enum(reconcileLevels).default('content'),
  ),
  last: means(
    'only what changed within this time before the slot; of incremental streams; all if absent',
    durationMs.refine((ms) => ms > 0, 'above 0').optional(),
  ),
  sample: means(
    'compare so many records, drawn at random and asked for one by one, instead of a listing',
    z.int().positive().optional(),
  ),
  repair: means(
    'kinds of findings that are repaired at once; nothing if absent',
    z.array(z.enum(repairedByItself)).default([]),
  ),
  // A reconciliation has spare quota only, and may take longer than the schedule thinks.
  overlap: overlap.default('queueOne'),
});
export type ReconcileEntry = z.output<typeof entry>;

export const reconcile = means(
  'when the partner is compared with the store by itself, by the names of the schedules; never if absent',
  z.record(scheduleName, entry).default({}),
);
