import { DAY, MINUTE } from './duration.ts';

/** What is known of when something came, over some weeks. */
export interface PastSilences {
  /** The longest times between two arrivals, longest first, ms. */
  readonly longestMs: readonly number[];
  /** From the first arrival that is known to the last one, ms. */
  readonly overMs: number;
  /** How many times between two arrivals there are. */
  readonly count: number;
}

/** Fewer say nothing of what is usual; and before a weekend was seen, each weekend would be an alarm. */
const LEAST = { count: 20, overMs: 8 * DAY } as const;
/** By then two weekends were seen: the longest silence of all may be that of an outage. */
const LONG_MS = 15 * DAY;

/**
 * How long a silence may last before somebody should look: twice the longest usual one, at least 15 minutes. undefined: too little is known.
 */
export function usualSilenceMs({ longestMs, overMs, count }: PastSilences): number | undefined {
  if (count < LEAST.count || overMs < LEAST.overMs) return undefined;
  const longest = (overMs >= LONG_MS ? longestMs[1] : longestMs[0]) ?? longestMs[0];
  return longest === undefined ? undefined : Math.max(15 * MINUTE, 2 * longest);
}
