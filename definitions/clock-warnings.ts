import { Cron } from 'croner';
import { DAY, MINUTE } from '../core/duration.ts';
import { clockChanges } from '../core/zone.ts';
import { cronOf, type ScheduleTimes } from './schedule-times.ts';

/** Nights within the next year whose time does not exist, or comes twice, in the schedule's zone. In words, with the day. */
export function clockWarnings(
  schedule: Pick<ScheduleTimes, 'cron' | 'calendar' | 'timeZone'>,
  nowMs: number,
): readonly string[] {
  const { timeZone } = schedule;
  return clockChanges(timeZone, nowMs, nowMs + 366 * DAY).flatMap(({ kind, fromLocalMs, toLocalMs }) => {
    const hit = cronOf(schedule)
      .map((expression) => nextIn(expression, fromLocalMs, toLocalMs))
      .find((found) => found !== undefined);
    if (hit === undefined) return [];
    const [day, time] = new Date(hit).toISOString().slice(0, 16).split('T');
    const what =
      kind === 'gap'
        ? `does not exist on ${day}: that run is left out, and the next one reads what it would have read`
        : `comes twice on ${day}: the second run finds the first one's work done`;
    return [`${time} in ${timeZone} ${what}; a time outside 00:00 to 03:59, or timeZone: UTC, avoids it`];
  });
}

/** The expression read as if local times were UTC: only the pattern matters here. */
function nextIn(expression: string, fromLocalMs: number, toLocalMs: number): number | undefined {
  const next = new Cron(expression, { timezone: 'UTC', paused: true }).nextRun(new Date(fromLocalMs - MINUTE));
  return next !== null && next.getTime() < toLocalMs ? next.getTime() : undefined;
}
