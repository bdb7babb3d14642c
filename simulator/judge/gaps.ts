/** Times between neighbouring arrivals, in whole microseconds; null where there are fewer than two. */
export interface Gaps {
  readonly minUs: number | null;
  readonly p1Us: number | null;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly maxUs: number | null;
}

/** `timesUs` ascend. */
export function gapsBetween(timesUs: readonly number[]): Gaps {
  const gaps = Float64Array.from(timesUs.slice(1), (time, at) => time - (timesUs[at] ?? time)).toSorted();
  const quantile = (share: number): number | null => gaps[Math.max(0, Math.ceil(gaps.length * share) - 1)] ?? null;
  return { minUs: quantile(0), p1Us: quantile(0.01), p50Us: quantile(0.5), p99Us: quantile(0.99), maxUs: quantile(1) };
}
