import { describe, expect, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { pageQueue } from '../../activities/pull/page-queue.ts';

const queueOf = (items: number, weight = 1000): ReturnType<typeof pageQueue<number>> =>
  pageQueue<number>({ items, weight, weigh: (item) => item });

/** Whether a promise is settled after all that can happen by itself has happened. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  promise.then(mark, mark);
  await turn();
  return done;
}

describe('pageQueue', () => {
  test('gives all there is, in order, and then waits', async () => {
    const queue = queueOf(10);
    await queue.push(1);
    await queue.push(2);
    expect(await queue.takeAll()).toEqual([1, 2]);
    const next = queue.takeAll();
    expect(await settled(next)).toBe(false);
    await queue.push(3);
    expect(await next).toEqual([3]);
  });

  test('gives only those that go together, and has room for as many again', async () => {
    const queue = pageQueue<number>({ items: 3, weight: 100, weigh: (item) => item, together: () => 2 });
    for (const item of [30, 30, 50]) await queue.push(item);
    const push = queue.push(7);
    expect(await settled(push)).toBe(false);
    expect(await queue.takeAll()).toEqual([30, 30]);
    expect(await push).toBe(true);
    expect(await queue.takeAll()).toEqual([50, 7]);
  });

  test.each([
    ['as many as it may hold', 2, 1000, [1, 1]],
    ['as much as it may hold', 10, 100, [60, 60]],
    ['one item that is more than it may hold', 10, 100, [500]],
  ])('makes the next push wait when it holds %s', async (_what, items, weight, full) => {
    const queue = queueOf(items, weight);
    for (const item of full) expect(await queue.push(item)).toBe(true);
    const push = queue.push(7);
    expect(await settled(push)).toBe(false);
    expect(await queue.takeAll()).toEqual(full);
    expect(await push).toBe(true);
    expect(await queue.takeAll()).toEqual([7]);
  });

  test('ends: who pushes is refused, who takes gets the rest and then nothing', async () => {
    const queue = queueOf(1);
    await queue.push(1);
    const waiting = queue.push(2);
    queue.close();
    expect(await waiting).toBe(false);
    expect(await queue.push(3)).toBe(false);
    expect(await queue.takeAll()).toEqual([1]);
    expect(await queue.takeAll()).toEqual([]);
  });

  test('wakes one who waits for an item when it is closed', async () => {
    const queue = queueOf(1);
    const taking = queue.takeAll();
    queue.close();
    expect(await taking).toEqual([]);
  });
});
