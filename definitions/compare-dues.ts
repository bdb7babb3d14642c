import { DAY } from '../core/duration.ts';
import type { Compares } from './compare-times.ts';
import { longestDistance } from './longest-distance.ts';

/** A target may be down, or held by somebody else, for a while. */
const SLACK_MS = DAY;

/** How long ago the last comparison of each table of a target may have ended, ms, by the name of the target. Paused schedules are left out. */
export const compareDues = (compares: Compares, nowMs: number): ReadonlyMap<string, number> =>
  new Map(
    [...compares].flatMap(([target, times]) =>
      times.paused ? [] : [[target, longestDistance(times, nowMs) + SLACK_MS] as const],
    ),
  );
