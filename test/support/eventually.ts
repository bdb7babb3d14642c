import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks until it holds; for things that other processes do in their own time, which is long on a busy machine. Throws when it does not hold in the end: what
 * is waited for in vain, and not noticed, makes a test slow and proves nothing.
 */
export async function eventually(holds: () => boolean | Promise<boolean>, patienceMs = 45_000): Promise<true> {
  // Made here, so that it names the line of the test.
  const late = new Error(`it did not hold within ${patienceMs / 1000} s`);
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (await holds()) return true;
    await wait(50);
  }
  if (await holds()) return true;
  throw late;
}
