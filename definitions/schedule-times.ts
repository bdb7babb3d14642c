import { z } from 'zod';
import { DAY } from '../core/duration.ts';
import { durationMs } from './duration-text.ts';

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export const overlaps = ['queue', 'queueOne', 'skip'] as const;

const oneOrMore = <T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> => z.union([item, z.array(item)]);
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 03:30, in quotes');

/** When something starts by itself, whatever it is: docs/schedules.md. */
export const scheduleTimes = {
  /** Five fields: minute, hour, day of month, month, day of week (crontab(5)). Either this or `calendar`. */
  cron: oneOrMore(z.string()).optional(),
  calendar: z
    .strictObject({
      at: oneOrMore(timeOfDay),
      /** All when absent. */
      weekdays: z.array(z.enum(weekdays)).optional(),
      daysOfMonth: z.array(z.int().min(1).max(31)).optional(),
      months: z.array(z.int().min(1).max(12)).optional(),
    })
    .optional(),
  /** Whose clock: an IANA name. */
  timeZone: z.string().default('UTC'),
  /** Each run begins up to this much later, so that many partners do not begin at once; its window stays the same. */
  jitter: durationMs.refine((ms) => ms < DAY, 'less than 1d').default(0),
  /** Runs that Temporal missed while it was down are caught up, each with its own window, if they are no older. */
  catchUp: durationMs.refine((ms) => ms >= 10_000, 'at least 10s').default(7 * DAY),
  /** A failed run pauses the schedule until a person resumes it. */
  pauseOnFailure: z.boolean().default(false),
  paused: z.boolean().default(false),
  note: z.string().max(400).optional(),
};
const timesObject = z.strictObject(scheduleTimes);
export type ScheduleTimes = z.output<typeof timesObject>;

/** While a run is still going: the next ones wait, one of them waits, or none. */
export const overlap = z.enum(overlaps);

export const scheduleName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _ that starts with a letter');

/** As cron expressions of five fields: what Temporal is told, and what is checked. */
export function cronOf({ cron, calendar }: Pick<ScheduleTimes, 'cron' | 'calendar'>): readonly string[] {
  if (calendar === undefined) return cron === undefined ? [] : [cron].flat();
  const days = list(calendar.weekdays?.map((day) => weekdays.indexOf(day)));
  return [calendar.at]
    .flat()
    .map((time) => time.split(':').map(Number))
    .map(
      ([hour = 0, minute = 0]) => `${minute} ${hour} ${list(calendar.daysOfMonth)} ${list(calendar.months)} ${days}`,
    );
}

const list = (values: readonly number[] | undefined): string => values?.join(',') ?? '*';
