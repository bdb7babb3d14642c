import { setTimeout as wait } from 'node:timers/promises';

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN).toFixed(1);

/** Does it so many times, `apartMs` from one to the next, and prints the median and the 95th percentile in ms. */
export async function timed(
  name: string,
  { times, apartMs }: { readonly times: number; readonly apartMs?: number },
  work: () => Promise<unknown>,
): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < times + 3; n++) {
    const startedAt = performance.now();
    await work();
    // The first ones meet cold caches of the database.
    if (n >= 3) took.push(performance.now() - startedAt);
    if (apartMs !== undefined) await wait(apartMs);
  }
  const sorted = took.toSorted((a, b) => a - b);
  console.log(`${name.padEnd(44)} median ${at(sorted, 0.5).padStart(6)} ms, 95 % ${at(sorted, 0.95).padStart(6)} ms`);
}
