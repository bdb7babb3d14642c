import { describe, expect, test } from '@jest/globals';
import { tooSoon, type Arrived, type Rule } from './fleet/too-soon.ts';

const bucket: Rule = { kind: 'bucket', limit: 10, perMs: 1000, burst: 1 };
const sliding: Rule = { kind: 'sliding', limit: 2, perMs: 1000, burst: 2 };

/** Requests that left at these milliseconds and were seen so much later. */
const sent = (leftMs: readonly number[], wayMs = 1): Arrived[] =>
  leftMs.map((ms) => ({ leftUs: ms * 1000, seenUs: (ms + wayMs) * 1000 }));

describe('requests of a fleet, judged by when they left and when they were seen', () => {
  test.each<[string, Rule, Arrived[], number]>([
    ['evenly spaced', bucket, sent([0, 100, 200, 300]), 0],
    ['one of them too soon', bucket, sent([0, 100, 190, 300]), 1],
    ['twice as fast as the limit', bucket, sent([0, 50, 100, 150, 200]), 2],
    ['a burst that is allowed', { ...bucket, burst: 3 }, sent([0, 0, 0, 100, 200]), 0],
    ['a burst of one too many', { ...bucket, burst: 3 }, sent([0, 0, 0, 0, 200]), 1],
    ['two in a second', sliding, sent([0, 500, 1000, 1500]), 0],
    ['three in a second', sliding, sent([0, 500, 900, 1500]), 1],
  ])('%s', (_what, rule, arrived, expected) => {
    expect(tooSoon(arrived, rule)).toBe(expected);
  });

  test('a partner that stands still and sees them all at once refuses none that left in time', () => {
    const stalled = sent([0, 100, 200, 300]).map((each) => ({ ...each, seenUs: 400_000 }));
    expect(tooSoon(stalled, bucket)).toBe(0);
    const hasty = sent([300, 310, 320, 330]).map((each) => ({ ...each, seenUs: 400_000 }));
    expect(tooSoon(hasty, bucket)).toBe(2);
  });
});
