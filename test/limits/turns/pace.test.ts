import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  beginPace,
  earliestMs,
  gotAnswer,
  hitWire,
  sendNow,
  worthWaitingUntil,
  type Pace,
} from '../../../limits/turns/pace.ts';

/** A partner that judges by arrival; the way there takes 1 ms and more, its work and the way back 1 ms. */
interface Shipped {
  readonly startMs: number;
  readonly arrivedMs: number;
}
const LEAST_MS = 2;

/** Sends as soon as the pace allows, hearing of answers as they come. */
function sendAll(pace: Pace, delays: readonly number[], units = 1): Shipped[] {
  const shipped: (Shipped & { answered: boolean })[] = [];
  let nowMs = 0;
  for (let id = 0; id < delays.length;) {
    for (const [i, each] of shipped.entries())
      if (!each.answered && each.arrivedMs + 1 <= nowMs) {
        each.answered = true;
        pace = gotAnswer(pace, i, each.arrivedMs + 1 - each.startMs - LEAST_MS);
      }
    const atMs = earliestMs(pace, units, { nowMs, usualMs: LEAST_MS });
    if (atMs <= nowMs) {
      pace = hitWire(sendNow(pace, { id, units, startMs: nowMs }), id, nowMs);
      shipped.push({ startMs: nowMs, arrivedMs: nowMs + 1 + (delays[id] ?? 0), answered: false });
      id += 1;
    } else {
      const answers = shipped.filter((each) => !each.answered).map((each) => each.arrivedMs + 1);
      nowMs = Math.min(atMs, ...answers);
    }
  }
  return shipped;
}

const refusedBy = (shipped: readonly Shipped[], periodMs: number, burst: number): number => {
  let tatMs = -Infinity;
  return shipped
    .toSorted((a, b) => a.arrivedMs - b.arrivedMs)
    .filter(({ arrivedMs }) => {
      const next = Math.max(arrivedMs, tatMs) + periodMs;
      if (next - arrivedMs > burst * periodMs + 1e-6) return true;
      tatMs = next;
      return false;
    }).length;
};

const delays = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.double({ min: 0, max: 2, noNaN: true }) },
    fc.double({ min: 0, max: 240, noNaN: true }),
  ),
  {
    minLength: 20,
    maxLength: 60,
  },
);

describe('the pace of a turn', () => {
  test.each([
    [5, 1],
    [50, 1],
    [500, 1],
    [5, 3],
  ])(
    'one per %d ms with burst %d: a strict partner refuses nothing, however much requests are delayed',
    (periodMs, burst) => {
      fc.assert(
        fc.property(delays, (sequence) => {
          const shipped = sendAll(beginPace({ periodMs, burst, tatMs: 0, patienceMs: 250 }), sequence);
          expect(refusedBy(shipped, periodMs, burst)).toBe(0);
        }),
      );
    },
  );

  test('is used up when nothing is delayed', () => {
    const shipped = sendAll(
      beginPace({ periodMs: 5, burst: 1, tatMs: 0, patienceMs: 250 }),
      Array.from({ length: 101 }, () => 0),
    );
    expect(shipped.at(-1)?.startMs).toBeCloseTo(500, 5);
  });

  test('makes up for late sending only with a burst', () => {
    let pace = beginPace({ periodMs: 10, burst: 5, tatMs: 0, patienceMs: 250 });
    const at = (units: number): number => earliestMs(pace, units, { nowMs: 100, usualMs: 0 });
    expect(at(1)).toBe(-30);
    // Four of five at once.
    for (const id of [0, 1, 2, 3]) pace = gotAnswer(sendNow(pace, { id, units: 1, startMs: 100 }), id, 0);
    expect(at(1)).toBe(110);
    // A heavy one may use all of it.
    expect(at(5)).toBe(140);
  });

  test('holds an overdue answer for a request that is still on its way, but not for ever', () => {
    const sent = hitWire(
      sendNow(beginPace({ periodMs: 10, burst: 1, tatMs: 0, patienceMs: 250 }), { id: 0, units: 1, startMs: 0 }),
      0,
      0,
    );
    const at = (nowMs: number): number => earliestMs(sent, 1, { nowMs, usualMs: 2 });
    expect(at(1)).toBe(10);
    expect(at(50)).toBe(58);
    expect(at(260)).toBe(10);
    expect(worthWaitingUntil(sent, { nowMs: 50, usualMs: 2 })).toBe(252);
    expect(worthWaitingUntil(sent, { nowMs: 300, usualMs: 2 })).toBeUndefined();
    // Answers that come after the next turn anyway are no reason to wait.
    expect(worthWaitingUntil(sent, { nowMs: 50, usualMs: 20 })).toBeUndefined();
  });
});
