import type { Point } from '../../core/stream-point.ts';
import { DAY } from '../../core/duration.ts';

/** Of a stream: the point to be judged, and those before it, the oldest first. */
export interface Series {
  readonly point: Point;
  readonly before: readonly Point[];
}

/** 0 (Sunday) to 6. */
export const weekdayOf = ({ day }: Pick<Point, 'day'>): number => (Date.parse(day) / DAY + THURSDAY) % 7;
/** 1970-01-01 was one. */
const THURSDAY = 4;

export const weekdays = ['Sundays', 'Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays'] as const;
