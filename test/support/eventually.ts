import { setTimeout as wait } from 'node:timers/promises';

/** Asks until it holds; for things that other processes do in their own time, which is long on a busy machine. */
export async function eventually(holds: () => boolean | Promise<boolean>, patienceMs = 45_000): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (await holds()) return true;
    await wait(50);
  }
  return holds();
}
