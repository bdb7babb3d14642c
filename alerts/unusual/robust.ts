/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2;
}

/** What makes the median absolute deviation of a normal distribution its standard deviation (1 / Φ⁻¹(3/4)). */
const TO_SIGMA = 1.4826;

/** The usual distance from the median: half of the values may be wrong without moving it far. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return TO_SIGMA * median(values.map((value) => Math.abs(value - middle)));
}

/** The value that a share of the others does not exceed; 0 of none. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
