import { copyFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { firstOf, long } from '../support/long.ts';
import { openNights, type Nights } from './nights.ts';

let nights: Nights;
beforeAll(async () => {
  nights = await openNights('lake');
});
afterAll(() => nights.close());

/** What else becomes of a file that is gone: test/targets/duckdb/file.test.ts. */
const damages = ['put back as it was yesterday', 'deleted'] as const;
const suffered = firstOf(damages, 1);

test(`a DuckDB file that is ${suffered.join(', or ')}, is filled from the log without a request`, async () => {
  const { lake } = nights;
  const yesterday = `${lake}.yesterday`;
  await nights.serve();
  await nights.next();
  expect(await nights.caughtUp()).toBe(true);
  await nights.leave();
  await copyFile(lake, yesterday);
  await nights.serve();
  await nights.next();
  expect(await nights.caughtUp()).toBe(true);
  await nights.leave();

  const before = nights.asked();
  for (const damage of suffered) {
    await (damage === 'deleted' ? rm(lake) : copyFile(yesterday, lake));
    const since = await nights.state();
    await nights.serve();
    expect(await nights.caughtUp(since)).toBe(true);
    await nights.leave();
    await nights.expectEqual();
  }
  expect(nights.asked()).toBe(before);
}, 400_000);

(long ? describe : describe.skip)('in full', () => {
  test('a DuckDB file that is deleted under the worker that has it open is whole after the next night', async () => {
    await nights.serve();
    await nights.next();
    expect(await nights.caughtUp()).toBe(true);
    await rm(nights.lake);
    await nights.next();
    expect(await nights.caughtUp()).toBe(true);
    await nights.leave();
    await nights.expectEqual();
  }, 240_000);
});
