import { expect, test } from '@jest/globals';
import { slotUse } from '../../../bench/slot-use.ts';

/** Two streams whose answers take 100 ms, on a slot each; the second one goes on alone. */
const use = (gapMs: number): number =>
  slotUse(
    [10, 40].flatMap((count, stream) =>
      Array.from({ length: count }, (_, i) => ({ atUs: i * (100 + gapMs) * 1000, stream: `s${stream}` })),
    ),
    { slots: 2, latencyMs: 100 },
  );

test.each([
  [0, 1],
  [20, 1.2],
])(
  'slots that stay free for %i ms of 100 are used at %d, whatever one stream does alone at the end',
  (gapMs, ratio) => {
    expect(use(gapMs)).toBeCloseTo(ratio, 9);
  },
);
