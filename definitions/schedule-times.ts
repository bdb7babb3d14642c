import { z } from 'zod';
import { DAY } from '../core/duration.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export const overlaps = ['queue', 'queueOne', 'skip'] as const;

const oneOrMore = <T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> => z.union([item, z.array(item)]);
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 03:30, in quotes');

/** When something starts by itself, whatever it is: docs/schedules.md. */
export const scheduleTimes = {
  cron: means(
    'instead of `calendar`: minute, hour, day of month, month, day of week; or a list of such texts',
    oneOrMore(z.string()).optional(),
  ),
  calendar: means(
    'instead of `cron`: times of day, and the days that match all of the other fields',
    z
      .strictObject({
        at: means('time of day, such as 03:30 (in quotes), or a list', oneOrMore(timeOfDay)),
        weekdays: means('only on these days of the week; on all if absent', z.array(z.enum(weekdays)).optional()),
        daysOfMonth: means(
          'only on these days of the month, 1 to 31; on all if absent',
          z.array(z.int().min(1).max(31)).optional(),
        ),
        months: means('only in these months, 1 to 12; in all if absent', z.array(z.int().min(1).max(12)).optional()),
      })
      .optional(),
  ),
  timeZone: means('time zone of `cron` and `calendar`, such as Europe/Berlin', z.string().default('UTC')),
  // So that many partners do not begin at once.
  jitter: means(
    'begin up to this much later, at a different moment for each schedule; the window stays the same',
    durationMs.refine((ms) => ms < DAY, 'less than 1d').default(0),
  ),
  catchUp: means(
    'runs that Temporal missed while it was down are started later, if they are no older than this',
    durationMs.refine((ms) => ms >= 10_000, 'at least 10s').default(7 * DAY),
  ),
  pauseOnFailure: means(
    'whether a failed run pauses the schedule until a person resumes it',
    z.boolean().default(false),
  ),
  paused: means('whether the schedule is paused', z.boolean().default(false)),
  note: means('a text for people, up to 400 characters', z.string().max(400).optional()),
};
const timesObject = z.strictObject(scheduleTimes);
export type ScheduleTimes = z.output<typeof timesObject>;

export const overlap = means(
  'what to do while a run is still going: all further runs wait (`queue`), one waits (`queueOne`), or none (`skip`)',
  z.enum(overlaps),
);
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
