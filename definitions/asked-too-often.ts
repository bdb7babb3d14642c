import { Cron } from 'croner';
import { formatDuration } from '../core/duration.ts';
import type { PollHint } from '../core/poll-hint.ts';
import type { Partner } from './definition.ts';
import { cronOf } from './schedule-times.ts';
import type { Schedule } from './schedules.ts';

/** Enough to see the shortest distance of a week of minutes that repeat. */
const SLOTS = 100;

/** Schedules that ask for a stream oftener than the partner wants, in words: their runs wait for it. */
export function askedTooOften(
  { name, schedules }: Pick<Partner, 'name' | 'schedules'>,
  hints: readonly { readonly stream: string; readonly hint: PollHint }[],
  nowMs: number,
): readonly string[] {
  return Object.entries(schedules).flatMap(([schedule, declared]) => {
    const everyMs = shortestDistance(declared, nowMs);
    return hints
      .filter(({ stream }) => declared.streams.length === 0 || declared.streams.includes(stream))
      .filter(({ hint }) => everyMs < hint.everyMs)
      .map(
        ({ stream, hint }) =>
          `schedule ${name}/${schedule} asks for ${stream} every ${formatDuration(everyMs)}, but ${hint.says}: its runs wait for that; ask less often`,
      );
  });
}

/** Between two slots that follow each other, ms; Infinity: there is one at the most. */
function shortestDistance(schedule: Schedule, nowMs: number): number {
  const times = cronOf(schedule)
    .flatMap((expression) =>
      new Cron(expression, { timezone: schedule.timeZone, paused: true }).nextRuns(SLOTS, new Date(nowMs)),
    )
    .map((time) => time.getTime())
    .toSorted((a, b) => a - b);
  return times.reduce((least, time, i) => {
    const before = times[i - 1];
    return before === undefined || time === before ? least : Math.min(least, time - before);
  }, Infinity);
}
