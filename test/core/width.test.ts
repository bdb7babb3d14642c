import { describe, expect, test } from '@jest/globals';
import { learnWidth, MOST, type Width } from '../../core/width.ts';

const answered = (width: Width, times: number, durationMs: number, bytes = 1000): number => {
  for (let i = 0; i < times; i++) width.answered({ durationMs, bytes });
  return width.wanted();
};

describe('how many partitions are read side by side', () => {
  test('is what the definition says, within what the partner allows at once', () => {
    expect(answered(learnWidth({ declared: 7, perSecond: 1 }), 5, 5000)).toBe(7);
    // Two more than may be sent at once wait for their turn.
    expect(learnWidth({ declared: 7, slots: 3 }).wanted()).toBe(5);
    expect(answered(learnWidth({ slots: 3, perSecond: 100 }), 5, 1000)).toBe(5);
  });

  test.each([
    [5, 20, 2],
    [50, 300, 21],
    [5, 2000, 14],
    [500, 2000, MOST.counted],
  ])('is a little more than rate x latency: %i/s, %i ms', (perSecond, ms, expected) => {
    expect(answered(learnWidth({ perSecond }), 20, ms)).toBe(expected);
  });

  test('is a stated number where nothing counts requests, and few before the first answer', () => {
    const width = learnWidth({});
    expect(width.wanted()).toBe(4);
    expect(answered(width, 1, 300)).toBe(MOST.uncounted);
  });

  test('shrinks when answers take much longer than they used to, and comes back when that is usual', () => {
    const width = learnWidth({ perSecond: 50 });
    const calm = answered(width, 200, 300);
    const troubled = answered(width, 16, 6000);
    expect(troubled).toBeLessThan(calm);
    expect(answered(width, 16, 300)).toBeGreaterThan(troubled);
    expect(answered(width, 1000, 600)).toBeGreaterThan(calm);
  });

  test('is bounded by what answers take of memory', () => {
    expect(answered(learnWidth({}), 20, 300, 16 * 1024 * 1024)).toBe(4);
    expect(answered(learnWidth({}), 20, 300, 256 * 1024 * 1024)).toBe(1);
  });
});
