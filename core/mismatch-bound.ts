/**
 * How many of all records may differ, when `wrong` of `asked` drawn at random do: the upper end of the one-sided interval of Clopper and Pearson
 * (Biometrika 26, 1934), as a share from 0 to 1. With `confidence` 0.95 the true share is above it in at most 5 of 100 samples; 0 of n gives just under 3/n.
 * It holds for draws without putting back, too, and is a little too high then.
 */
export function mismatchBound(wrong: number, asked: number, confidence = 0.95): number {
  if (asked === 0 || wrong >= asked) return 1;
  const rest = 1 - confidence;
  if (wrong === 0) return 1 - rest ** (1 / asked);
  let [low, high] = [wrong / asked, 1];
  // Each step halves what is left: 60 are more than a double can tell apart.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (atMost(wrong, asked, middle) > rest) low = middle;
    else high = middle;
  }
  return high;
}

/** Chance of at most so many of `asked`, each with chance `p`. Summed by logarithms: the terms of large samples are below the smallest double. */
function atMost(wrong: number, asked: number, p: number): number {
  if (p >= 1) return 0;
  let log = asked * Math.log1p(-p);
  let sum = Math.exp(log);
  for (let i = 1; i <= wrong; i++) {
    log += Math.log((asked - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(log);
  }
  return sum;
}
