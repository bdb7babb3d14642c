import { Cron } from 'croner';
import { cronOf, type ScheduleTimes } from './schedule-times.ts';

/** Enough for a year of weeks, and for the weekend of a schedule of each hour. */
const SLOTS = 100;

/** Between two slots that follow each other, ms; 0: there is one at the most. */
export function longestDistance(times: Pick<ScheduleTimes, 'cron' | 'calendar' | 'timeZone'>, nowMs: number): number {
  const slots = cronOf(times)
    .flatMap((expression) =>
      new Cron(expression, { timezone: times.timeZone, paused: true }).nextRuns(SLOTS, new Date(nowMs)),
    )
    .map((time) => time.getTime())
    .toSorted((a, b) => a - b);
  return Math.max(0, ...slots.map((time, at) => time - (slots[at - 1] ?? time)));
}
