import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAt } from '../../../limits/turns/call-at.ts';

test.each([0, 0.5, 7])(
  'calls once, and never too soon, whether it sleeps, turns or yields: %d ms ahead',
  async (aheadMs) => {
    for (const how of [{}, { sleeps: true }, { yields: true }]) {
      const calls: number[] = [];
      const atMs = performance.now() + aheadMs;
      await new Promise<void>((resolve) => callAt(atMs, () => resolve(void calls.push(performance.now())), how));
      await sleep(10);
      expect(calls).toHaveLength(1);
      expect(calls[0]).toBeGreaterThanOrEqual(atMs);
    }
  },
);

test.each([{}, { sleeps: true }, { yields: true }])('can be taken back until then: %j', async (how) => {
  let called = false;
  const cancel = callAt(performance.now() + 200, () => (called = true), how);
  cancel();
  await sleep(220);
  expect(called).toBe(false);
});

const immediates = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length;

test('neither turns the event loop nor stands still where others have work to do', async () => {
  const before = immediates();
  let called = false;
  const cancel = callAt(performance.now() + 1, () => (called = true), { yields: true, sleeps: true });
  expect({ called, immediates: immediates() }).toEqual({ called: false, immediates: before });
  cancel();
  // A process that stood still for that millisecond has nothing left to turn for: then the call has come already.
  let came = false;
  const stop = callAt(performance.now() + 1, () => (came = true), {});
  expect(immediates()).toBe(came ? before : before + 1);
  stop();
});

/** In how many of 50 times something else had its turn before the call; a busy machine may take that away from some. */
async function turned(sleeps: boolean): Promise<number> {
  let count = 0;
  for (let tries = 0; tries < 50; tries += 1) {
    let hadTurn = false;
    setImmediate(() => (hadTurn = true));
    await new Promise<void>((resolve) =>
      callAt(
        performance.now() + 1,
        () => {
          if (hadTurn) count += 1;
          resolve();
        },
        { sleeps },
      ),
    );
  }
  return count;
}

test('the event loop goes on turning where somebody is awaited, and stands still where nobody is', async () => {
  expect(await turned(false)).toBeGreaterThan(0);
  expect(await turned(true)).toBe(0);
});
