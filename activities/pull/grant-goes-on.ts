import { MINUTE } from '../../core/duration.ts';

/** A grant of partitions side by side lasts as long as so many answers, if that is longer than its time, and by so much at the most. */
const ANSWERS = 50;
const MOST_LONGER_MS = 2 * MINUTE;

/** How far a grant is. */
export interface GrantSoFar {
  readonly requests: number;
  readonly lastsMs: number;
  /** How many partitions are read side by side. */
  readonly width: number;
  /** How long the last answer took; Infinity: there was none. */
  readonly answerMs: number;
  /** A part of an answer is left to be read: the next grant would have to ask for the whole of it again. */
  readonly holds: boolean;
}

/** Whether a grant may ask for more, by what the definition says of its end. */
export function grantGoesOn(
  grant: { readonly requests: number; readonly time: number },
  { requests, lastsMs, width, answerMs, holds }: GrantSoFar,
): boolean {
  if (holds && lastsMs < grant.time + MOST_LONGER_MS) return true;
  // Partitions that are read side by side have so many requests each: a grant that ends lets all of them run dry.
  return requests < grant.requests * width && lastsMs < mostMs(grant.time, { width, answerMs });
}

/** At the end all that is in flight is waited for, and nothing is asked meanwhile: where answers take long that is to be a small part. */
function mostMs(timeMs: number, { width, answerMs }: Pick<GrantSoFar, 'width' | 'answerMs'>): number {
  if (width === 1 || answerMs === Infinity) return timeMs;
  return Math.max(timeMs, Math.min(ANSWERS * answerMs, timeMs + MOST_LONGER_MS));
}
