import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAt } from '../../limits/call-at.ts';

test.each([0, 0.5, 7])('calls once, and never too soon, whether it sleeps or turns: %d ms ahead', async (aheadMs) => {
  for (const sleeps of [false, true]) {
    const calls: number[] = [];
    const atMs = performance.now() + aheadMs;
    callAt(atMs, () => calls.push(performance.now()), { sleeps });
    await sleep(aheadMs + 20);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toBeGreaterThanOrEqual(atMs);
  }
});

test.each([false, true])('can be taken back until then', async (sleeps) => {
  let called = false;
  const cancel = callAt(performance.now() + 10, () => (called = true), { sleeps });
  await sleep(2);
  cancel();
  await sleep(20);
  expect(called).toBe(false);
});

test('the event loop goes on turning where somebody is awaited', async () => {
  let turns = 0;
  let turning: NodeJS.Immediate;
  const turn = (): void => {
    turns += 1;
    turning = setImmediate(turn);
  };
  turn();
  await new Promise<void>((resolve) => callAt(performance.now() + 1, resolve));
  clearImmediate(turning!);
  expect(turns).toBeGreaterThan(3);
});
