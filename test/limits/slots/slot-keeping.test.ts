import { expect, test } from '@jest/globals';
import { KEEP_MS, SlotKeeping } from '../../../limits/slots/slot-keeping.ts';

test('slots are kept for a second, then others get their turn once, and so on', () => {
  const keeping = new SlotKeeping();
  const at = (nowMs: number): boolean => keeping.mayKeep('normal', nowMs);
  expect([5, 6, 5 + KEEP_MS - 1, 5 + KEEP_MS, 6 + KEEP_MS, 5 + 2 * KEEP_MS].map(at)).toEqual([
    false,
    true,
    true,
    false,
    true,
    false,
  ]);
});

test('a backfill keeps nothing, and takes nothing of the time of others', () => {
  const keeping = new SlotKeeping();
  expect(keeping.mayKeep('normal', 0)).toBe(false);
  expect(keeping.mayKeep('backfill', 1)).toBe(false);
  expect(keeping.mayKeep('critical', 2)).toBe(true);
});
