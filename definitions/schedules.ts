import { z } from 'zod';
import { covers } from '../core/schedule-slot.ts';
import { overlap, scheduleName, scheduleTimes } from './schedule-times.ts';
import { means } from './means.ts';

const schedule = z.strictObject({
  ...scheduleTimes,
  window: means(
    'what a run reads: the last complete calendar day (`day`), or all that is new since the last run (`sinceLast`)',
    z.enum(covers).default('day'),
  ),
  streams: means('only these streams; all if absent', z.array(z.string()).default([])),
  overlap: overlap.default('queue'),
});

export const schedules = means(
  'when the partner is synced by itself, by the names of the schedules; never if absent',
  z.record(scheduleName, schedule).default({}),
);
export type Schedule = z.output<typeof schedule>;
