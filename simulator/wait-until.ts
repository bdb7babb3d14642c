import { setImmediate, setTimeout } from 'node:timers/promises';

/** Timers of Node count whole milliseconds and fire up to one late. */
const COARSE_MS = 1;

/** Waits until that moment on the monotonic clock (`performance.now()`), ms: a latency that is measured by must be exact. */
export async function waitUntil(atMs: number): Promise<void> {
  const coarseMs = Math.floor(atMs - performance.now() - COARSE_MS);
  if (coarseMs > 0) await setTimeout(coarseMs);
  while (performance.now() < atMs) await setImmediate();
}
