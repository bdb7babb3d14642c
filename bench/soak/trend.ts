/** One thing that was measured at the end of each week, while nothing was under way. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** A growth over all weeks up to this is no growth: how much the thing varies anyway. */
  readonly slack: number;
}

export interface Trend {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly median: number;
  readonly max: number;
  /** Per week, by Theil-Sen: the median of the slopes between any two weeks. */
  readonly slope: number;
  /** What that makes over all weeks that were judged. */
  readonly growth: number;
  /** Of Mann-Kendall: beyond 2.33 the rise is no chance (one in a hundred). */
  readonly z: number;
  readonly grows: boolean;
}

/** One-sided, 1 in 100. */
const Z_OF_CHANCE = 2.33;

/** A thing grows when it rises steadily (Mann-Kendall), and by more than its slack. A step that stays flat afterwards is none. */
export function trendOf({ name, values, slack }: Series): Trend {
  const slope = theilSen(values);
  const growth = slope * Math.max(0, values.length - 1);
  const z = mannKendall(values);
  return {
    name,
    first: values[0] ?? Number.NaN,
    last: values.at(-1) ?? Number.NaN,
    median: median(values),
    max: Math.max(...values),
    slope,
    growth,
    z,
    grows: growth > slack && z > Z_OF_CHANCE,
  };
}

/** https://en.wikipedia.org/wiki/Theil-Sen_estimator; 0 for fewer than two values. */
export function theilSen(values: readonly number[]): number {
  const slopes: number[] = [];
  values.forEach((value, i) => {
    for (let j = i + 1; j < values.length; j += 1) slopes.push(((values[j] as number) - value) / (j - i));
  });
  return slopes.length === 0 ? 0 : median(slopes);
}

/** https://en.wikipedia.org/wiki/Mann-Kendall_trend_test, with its correction for ties; 0 for fewer than four values. */
export function mannKendall(values: readonly number[]): number {
  const n = values.length;
  if (n < 4) return 0;
  let s = 0;
  values.forEach((value, i) => {
    for (let j = i + 1; j < n; j += 1) s += Math.sign((values[j] as number) - value);
  });
  const groups = new Map<number, number>();
  for (const value of values) groups.set(value, (groups.get(value) ?? 0) + 1);
  const ties = [...groups.values()].reduce((sum, size) => sum + spread(size), 0);
  const variance = (spread(n) - ties) / 18;
  return variance === 0 || s === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance);
}

const spread = (m: number): number => m * (m - 1) * (2 * m + 5);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
