import { describe, expect, test } from '@jest/globals';
import { array, assert, double, integer, property, record } from 'fast-check';
import { DatabaseClock } from '../../../limits/turns/database-clock.ts';

/** An exchange: the database's clock is `offsetMs` ahead of ours. */
const exchange = (clock: DatabaseClock, sentMs: number, way: { there: number; back: number }, offsetMs: number) => {
  const databaseMs = sentMs + way.there + offsetMs;
  const receivedMs = sentMs + way.there + way.back;
  clock.saw(databaseMs, { sentMs, receivedMs });
  return { databaseMs, receivedMs };
};

describe('the database’s clock', () => {
  test('is not known before it was seen', () => {
    expect(new DatabaseClock().inTheirs(5)).toBeUndefined();
  });

  test('is known to the quickest ways, whatever the slow ones took', () => {
    const clock = new DatabaseClock();
    exchange(clock, 0, { there: 0.2, back: 40 }, 1000);
    exchange(clock, 100, { there: 30, back: 0.3 }, 1000);
    const slow = exchange(clock, 200, { there: 20, back: 20 }, 1000);
    expect(clock.inTheirs(slow.receivedMs)).toBeCloseTo(slow.receivedMs + 1000.2, 0);
    // 50 ms after the answer was made it is 20 ms later already.
    const inMs = clock.inOurs(50, slow);
    expect(inMs).toBeGreaterThanOrEqual(30);
    expect(inMs).toBeCloseTo(30.3, 0);
  });

  const way = record({
    there: double({ min: 0.05, max: 30, noNaN: true }),
    back: double({ min: 0.05, max: 30, noNaN: true }),
  });

  test('never makes a moment earlier than it is, though the two run apart by 200 ppm', () => {
    const drifts = integer({ min: -200, max: 200 });
    assert(
      property(
        array(way, { minLength: 1, maxLength: 40 }),
        drifts,
        integer({ min: 1, max: 5000 }),
        (ways, ppm, pauseMs) => {
          const clock = new DatabaseClock();
          const offsetAt = (ms: number): number => 1e6 + (ms * ppm) / 1e6;
          let nowMs = 0;
          for (const each of ways) {
            const seen = exchange(clock, nowMs, each, offsetAt(nowMs + each.there));
            nowMs = seen.receivedMs;
            const moment = clock.inOurs(100, seen);
            const trueMs = seen.databaseMs + 100 - offsetAt(nowMs) - nowMs;
            expect(moment).toBeGreaterThanOrEqual(trueMs - 0.05);
            nowMs += pauseMs;
            expect(clock.inTheirs(nowMs)).toBeGreaterThanOrEqual(nowMs + offsetAt(nowMs) - 0.05);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([3000, -3000])('is learnt anew when it is set by %d ms, which costs 50 ms at the most', (stepMs) => {
    const clock = new DatabaseClock();
    exchange(clock, 0, { there: 0.2, back: 0.2 }, 1000);
    const seen = exchange(clock, 100, { there: 10, back: 10 }, 1000 + stepMs);
    const trueMs = 100 - 10;
    expect(clock.inOurs(100, seen)).toBeGreaterThanOrEqual(trueMs - 50);
    expect(clock.inOurs(100, seen)).toBeLessThanOrEqual(100);
    const next = exchange(clock, 200, { there: 0.2, back: 0.2 }, 1000 + stepMs);
    expect(clock.inOurs(100, next)).toBeCloseTo(99.8, 0);
    expect(clock.inTheirs(300)).toBeCloseTo(1300 + stepMs, 0);
  });
});
