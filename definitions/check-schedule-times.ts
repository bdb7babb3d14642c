import { Cron } from 'croner';
import { explain } from '../core/errors.ts';
import { isZone } from '../core/zone.ts';
import { closest } from './closest.ts';
import type { Problem } from './problem.ts';
import { cronOf, type ScheduleTimes } from './schedule-times.ts';

/** When it starts, and by whose clock. */
export const checkScheduleTimes = (times: ScheduleTimes, path: readonly string[]): Problem[] => [
  ...checkTimes(times, path),
  ...checkZone(times, path),
];

function checkTimes(schedule: ScheduleTimes, path: readonly string[]): Problem[] {
  const { cron, calendar } = schedule;
  if ((cron === undefined) === (calendar === undefined))
    return [
      {
        path: [...path],
        says: 'expected either cron: "30 3 * * *" or calendar: { at: "03:30" }, found ' + (cron ? 'both' : 'neither'),
      },
    ];
  return cronOf(schedule).flatMap((expression, at) => {
    const problem = calendar === undefined ? cronProblem(expression) : undefined;
    const field = calendar === undefined ? ['cron', ...(typeof cron === 'string' ? [] : [at])] : ['calendar'];
    return problem === undefined ? [] : [{ path: [...path, ...field], says: problem }];
  });
}

/** Five plain fields: what crontab(5), Temporal and the check for clock changes all read in the same way. */
function cronProblem(expression: string): string | undefined {
  const wanted = 'expected five fields such as "30 3 * * *" (minute, hour, day of month, month, day of week)';
  const shown = JSON.stringify(expression);
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return `${wanted}, found ${shown}`;
  if (
    !fields.every((field) =>
      /^(\d|[*,/-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)+$/i.test(field),
    )
  )
    return `${wanted} of digits, names of months and weekdays, "*", ",", "-" and "/", found ${shown}`;
  // crontab(5) means either, Temporal means both.
  if (!fields[2]?.startsWith('*') && !fields[4]?.startsWith('*'))
    return `expected a day of month or a day of week, found ${shown}, which names both; write calendar: with daysOfMonth and weekdays, which means days that are both`;
  try {
    const pattern = new Cron(expression, { timezone: 'UTC', paused: true });
    if (pattern.nextRun() === null) return `expected a time that comes, found ${shown}, which never does`;
  } catch (error) {
    return `${wanted}, found ${shown}: ${explain(error)}`;
  }
  return undefined;
}

function checkZone({ timeZone }: ScheduleTimes, path: readonly string[]): Problem[] {
  if (isZone(timeZone) && !/^[+-]/.test(timeZone)) return [];
  const near = closest(timeZone, Intl.supportedValuesOf('timeZone'));
  return [
    {
      path: [...path, 'timeZone'],
      says: `expected a time zone such as Europe/Berlin, found ${JSON.stringify(timeZone)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
    },
  ];
}
