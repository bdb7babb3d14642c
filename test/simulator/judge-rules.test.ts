import { describe, expect, test } from '@jest/globals';
import { judgeOf } from '../../simulator/judge/judge-of.ts';
import { checked } from '../../simulator/settings.ts';
import { judgeConfig } from '../../simulator/judge/settings.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';

type Input = NonNullable<JudgeInput['judges']>[number];
const one = (input: Input) => {
  const [settings] = judgeConfig.parse({ judges: [input] }).judges;
  return judgeOf(settings as NonNullable<typeof settings>);
};
/** Microseconds that requests at these times have to wait; 0 passes and counts. */
const waits = (input: Input, times: readonly (number | readonly [atUs: number, weight: number])[]) => {
  const judge = one(input);
  return times.map((time) => {
    const [atUs, weight] = typeof time === 'number' ? [time, 1] : time;
    const waitUs = judge.waitUs(atUs, weight);
    if (waitUs === 0) judge.take(atUs, weight);
    return waitUs;
  });
};
const SECOND_US = 1_000_000;

describe('a judge of its own', () => {
  const cases: [string, Input, readonly (number | readonly [number, number])[], readonly number[]][] = [
    ['even spacing', { kind: 'tokenBucket', rate: 20 }, [0, 49_999, 50_000, 100_000, 149_999], [0, 1, 0, 0, 1]],
    [
      'even spacing that is no whole number of microseconds',
      { kind: 'tokenBucket', rate: 3 },
      [0, 333_333, 333_334, 666_667, 666_668, 1_000_001, 1_000_002],
      [0, 1, 0, 1, 0, 1, 0],
    ],
    [
      'a burst, then the rate',
      { kind: 'tokenBucket', rate: 5, burst: 3 },
      [0, 0, 0, 0, 199_999, 200_000, 200_001],
      [0, 0, 0, 200_000, 1, 0, 199_999],
    ],
    ['one per minute', { kind: 'tokenBucket', rate: 1, perMs: 60_000 }, [0, 59_999_999, 60_000_000], [0, 1, 0]],
    [
      'weights of a token bucket',
      { kind: 'tokenBucket', rate: 10, burst: 10 },
      [
        [0, 8],
        [0, 3],
        [100_000, 3],
        [100_000, 1],
      ],
      [0, 100_000, 0, 100_000],
    ],
    [
      'a leaky bucket of 4 with 2 per second',
      { kind: 'leakyBucket', capacity: 4, leak: 2 },
      [0, 0, 0, 0, 0, 499_999, 500_000, 500_000, 3_000_000],
      [0, 0, 0, 0, 500_000, 1, 0, 500_000, 0],
    ],
    [
      'a fixed window',
      { kind: 'fixedWindow', limit: 2, perMs: 1000 },
      [1_900_000, 1_950_000, 1_999_999, 2_000_000, 2_000_000, 2_000_002],
      [0, 0, 1, 0, 0, 999_998],
    ],
    [
      'a sliding window',
      { kind: 'slidingWindow', limit: 2, perMs: 1000 },
      [1_900_000, 1_950_000, 2_899_999, 2_900_000, 2_900_000, 2_950_000],
      [0, 0, 1, 0, 50_000, 0],
    ],
    [
      'a heavy request waits until enough of the sliding window is free',
      { kind: 'slidingWindow', limit: 3, perMs: 1000 },
      [0, 100_000, 200_000, [300_000, 2], [1_100_000, 2]],
      [0, 0, 0, 800_000, 0],
    ],
    [
      'a "day" of ten seconds that ends three seconds after each tenth',
      { kind: 'dailyQuota', limit: 1, windowMs: 10_000, phaseMs: 3000 },
      [2_999_999, 3_000_000, 12_999_999, 13_000_000],
      [0, 0, 1, 0],
    ],
    ['a day', { kind: 'dailyQuota', limit: 1 }, [86_399 * SECOND_US, 86_399_500_000, 86_400_000_000], [0, 500_000, 0]],
    [
      'points per minute',
      { kind: 'secondary', points: 6 },
      [
        [0, 5],
        [1, 1],
        [2, 1],
        [60_000_000, 5],
      ],
      [0, 0, 59_999_998, 0],
    ],
  ];
  test.each(cases)('%s', (_, input, times, expected) => {
    expect(waits(input, times)).toEqual(expected);
    const realUs = 1_790_000_000_000_000 - (1_790_000_000_000_000 % 86_400_000_000);
    const later = times.map((time) =>
      typeof time === 'number' ? time + realUs : ([time[0] + realUs, time[1]] as const),
    );
    expect(waits(input, later)).toEqual(expected);
  });

  test('concurrency counts what is not answered yet', () => {
    const judge = one({ kind: 'concurrency', limit: 2, retryAfterMs: 250 });
    judge.take(0, 1);
    expect(judge.waitUs(0, 1)).toBe(0);
    judge.take(0, 1);
    expect(judge.waitUs(5, 1)).toBe(250_000);
    judge.release(1);
    expect(judge.waitUs(5, 1)).toBe(0);
  });

  test('a bucket tells what remains and when it is whole again', () => {
    const judge = one({ kind: 'leakyBucket', capacity: 40, leak: 2 });
    for (let n = 0; n < 32; n += 1) judge.take(0, 1);
    expect(judge.quota(0)).toEqual({ name: 'bucket', limit: 40, remaining: 8, windowMs: 20_000, resetMs: 16_000 });
    expect(judge.quota(499_999).remaining).toBe(8);
    expect(judge.quota(500_000)).toMatchObject({ remaining: 9, resetMs: 15_500 });
  });

  test('windows tell what remains and when they end', () => {
    const fixed = one({ kind: 'fixedWindow', limit: 5, perMs: 1000 });
    const sliding = one({ kind: 'slidingWindow', limit: 5, perMs: 1000 });
    for (const judge of [fixed, sliding]) judge.take(1_250_000, 2);
    expect(fixed.quota(1_500_000)).toMatchObject({ limit: 5, remaining: 3, resetMs: 500 });
    expect(sliding.quota(1_500_000)).toMatchObject({ limit: 5, remaining: 3, resetMs: 750 });
    for (const judge of [fixed, sliding]) expect(judge.quota(3_000_000).remaining).toBe(5);
  });

  test('a sliding window that counts refusals forgets those that can decide nothing any more', () => {
    const judge = one({ kind: 'slidingWindow', limit: 2, perMs: 1000, countRefused: true });
    for (let atUs = 0; atUs < 5_000_000; atUs += 100) judge.take(atUs, 1);
    expect(judge.waitUs(5_000_000, 1)).toBe(999_800);
    expect(judge.waitUs(5_999_899, 1)).toBe(0);
  });
});

describe('the config', () => {
  test.each([
    [{ judges: [{ kind: 'tokenBucket' }] }, /judges\[0\]\.rate/],
    [{ judges: [{ kind: 'tokenBucket', rate: 0.5 }] }, /judges\[0\]\.rate/],
    [{ judges: [{ kind: 'nonsense' }] }, /judges\[0\]\.kind/],
    [
      { judges: [{ kind: 'fixedWindow', limit: 2, perMs: 10, weights: [{ path: '/', weight: 3 }] }] },
      /above 2.*weight/s,
    ],
    [{ judges: [{ kind: 'leakyBucket', capacity: 1e9, leak: 1, perMs: 1e7 }] }, /too long.*judges\[0\]\.perMs/s],
    [{ outages: [{ fromMs: 5, toMs: 5 }] }, /after fromMs.*outages\[0\]\.toMs/s],
    [{ lies: [{ kind: 'white' }] }, /lies\[0\]\.kind/],
    [{ rate: 5 }, /rate/],
  ])('%j is refused by the name of its field', (input, words) => {
    expect(() => checked(judgeConfig, input, 'config')).toThrow(words);
  });
});
