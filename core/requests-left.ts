/** Runs differ from day to day. */
const MARGIN = 1.2;

/**
 * How many requests a run will still make, by what runs before it made at the most (null: there was none). Infinity where
 * that tells nothing: on the first run, and once it has made more than was to be expected.
 */
export function requestsLeft(usual: number | null, made: number): number {
  const left = usual === null ? Infinity : Math.ceil(usual * MARGIN) - made;
  return left > 0 ? left : Infinity;
}
