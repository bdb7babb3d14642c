import { checkScheduleTimes } from './check-schedule-times.ts';
import { closest } from './closest.ts';
import type { Partner } from './definition.ts';
import type { Problem } from './problem.ts';

export function checkSchedules({ schedules, streams }: Partner): Problem[] {
  return Object.entries(schedules).flatMap(([name, schedule]) => {
    const path = ['schedules', name];
    return [...checkScheduleTimes(schedule, path), ...checkNamedStreams(schedule.streams, streams, path)];
  });
}

/** What a schedule names has to be there. */
export function checkNamedStreams(
  named: readonly string[],
  streams: Partner['streams'],
  path: readonly string[],
): Problem[] {
  return named.flatMap((stream, at) => {
    if (Object.hasOwn(streams, stream)) return [];
    const near = closest(stream, Object.keys(streams));
    const cure =
      near === undefined ? `there are ${Object.keys(streams).join(', ')}` : `did you mean ${JSON.stringify(near)}?`;
    return [{ path: [...path, 'streams', at], says: `expected a stream of this partner, found "${stream}"; ${cure}` }];
  });
}
