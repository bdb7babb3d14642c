/** Exponential backoff with full jitter: anywhere between 0 and min(cap, base · 2^(attempt−1)). `random` in [0, 1). */
export function backoffMs(input: {
  readonly attempt: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly random: number;
}): number {
  const ceiling = Math.min(input.capMs, input.baseMs * 2 ** Math.min(input.attempt - 1, 30));
  return Math.round(input.random * ceiling);
}
