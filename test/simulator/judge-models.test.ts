import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { idealWallUs } from '../../simulator/judge/ideal.ts';
import { judgeOf } from '../../simulator/judge/judge-of.ts';
import { createPanel } from '../../simulator/judge/panel.ts';
import { judgeConfig } from '../../simulator/judge/settings.ts';
import type { JudgeInput, JudgeSettings } from '../../simulator/judge/settings.ts';

/** What was counted so far: big whole numbers, no state, no cleverness. */
type Counted = readonly { readonly atUs: bigint; readonly weight: bigint }[];
type Model = (counted: Counted, atUs: bigint, weight: bigint) => boolean;
const sumOf = (counted: Counted): bigint => counted.reduce((sum, each) => sum + each.weight, 0n);

/** From every request on: no more than the capacity and what drained since. */
const bucketModel =
  (capacity: bigint, rate: bigint, perUs: bigint): Model =>
  (counted, atUs, weight) =>
    [...counted, { atUs, weight }].every(
      (first, index, all) => sumOf(all.slice(index)) * perUs <= capacity * perUs + rate * (atUs - first.atUs),
    );
const fixedModel =
  (limit: bigint, perUs: bigint, phaseUs: bigint): Model =>
  (counted, atUs, weight) =>
    sumOf(counted.filter((each) => windowOf(each.atUs, perUs, phaseUs) === windowOf(atUs, perUs, phaseUs))) + weight <=
    limit;
/** Shifted by whole windows, so that no time is negative. */
const windowOf = (time: bigint, perUs: bigint, phaseUs: bigint): bigint =>
  (time + 1_000_000n * perUs - phaseUs) / perUs;
const slidingModel =
  (limit: bigint, perUs: bigint): Model =>
  (counted, atUs, weight) =>
    sumOf(counted.filter((each) => each.atUs > atUs - perUs)) + weight <= limit;

const settingsOf = (input: NonNullable<JudgeInput['judges']>[number]): JudgeSettings =>
  judgeConfig.parse({ judges: [input] }).judges[0] as JudgeSettings;
const small = fc.integer({ min: 1, max: 6 });
const perMs = fc.integer({ min: 1, max: 20 });

interface Rule {
  readonly settings: JudgeSettings;
  readonly model: Model;
  /** Passes at once. */
  readonly room: number;
}

const rules: [string, fc.Arbitrary<Rule>][] = [
  [
    'a token bucket',
    fc.tuple(fc.integer({ min: 1, max: 30 }), perMs, small).map(([rate, per, burst]) => ({
      settings: settingsOf({ kind: 'tokenBucket', rate, perMs: per, burst }),
      model: bucketModel(BigInt(burst), BigInt(rate), BigInt(per) * 1000n),
      room: burst,
    })),
  ],
  [
    'a leaky bucket',
    fc.tuple(fc.integer({ min: 1, max: 7 }), perMs, small).map(([leak, per, capacity]) => ({
      settings: settingsOf({ kind: 'leakyBucket', leak, perMs: per, capacity }),
      model: bucketModel(BigInt(capacity), BigInt(leak), BigInt(per) * 1000n),
      room: capacity,
    })),
  ],
  [
    'a fixed window',
    fc.tuple(small, perMs).map(([limit, per]) => ({
      settings: settingsOf({ kind: 'fixedWindow', limit, perMs: per }),
      model: fixedModel(BigInt(limit), BigInt(per) * 1000n, 0n),
      room: limit,
    })),
  ],
  [
    'a daily quota',
    fc.tuple(small, perMs, fc.integer({ min: 0, max: 50 })).map(([limit, windowMs, phaseMs]) => ({
      settings: settingsOf({ kind: 'dailyQuota', limit, windowMs, phaseMs }),
      model: fixedModel(BigInt(limit), BigInt(windowMs) * 1000n, BigInt(phaseMs) * 1000n),
      room: limit,
    })),
  ],
  [
    'a sliding window',
    fc.tuple(small, perMs).map(([limit, per]) => ({
      settings: settingsOf({ kind: 'slidingWindow', limit, perMs: per }),
      model: slidingModel(BigInt(limit), BigInt(per) * 1000n),
      room: limit,
    })),
  ],
];

interface Step {
  readonly gapUs: number;
  readonly weight: number;
  readonly comesBack: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    gapUs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 40_000 })),
    weight: fc.integer({ min: 1, max: 6 }),
    comesBack: fc.boolean(),
  }),
  { maxLength: 60 },
);

/** What judge and model say of each request: at its time, and around the time it is told to wait for. */
function verdictsOf({ settings, model, room }: Rule, all: readonly Step[], startUs: number) {
  const judge = judgeOf(settings);
  const counted: { readonly atUs: bigint; readonly weight: bigint }[] = [];
  const [judged, modelled]: [boolean[], boolean[]] = [[], []];
  let nowUs = startUs;
  for (const step of all) {
    nowUs += step.gapUs;
    const weight = Math.min(step.weight, room);
    const waitUs = judge.waitUs(nowUs, weight);
    const around = waitUs === 0 ? [nowUs] : step.comesBack ? [nowUs, nowUs + waitUs - 1, nowUs + waitUs] : [nowUs];
    for (const atUs of around) {
      judged.push(judge.waitUs(atUs, weight) === 0);
      modelled.push(model(counted, BigInt(atUs), BigInt(weight)));
      nowUs = atUs;
    }
    if (judged.at(-1) === false) continue;
    judge.take(nowUs, weight);
    counted.push({ atUs: BigInt(nowUs), weight: BigInt(weight) });
  }
  return { judged, modelled };
}

describe('against a naive model', () => {
  test.each(rules)('%s decides the same, and a wait is neither too short nor too long', (_, rule) => {
    fc.assert(
      fc.property(rule, steps, fc.integer({ min: 0, max: 1_790_000_000_000_000 }), (one, all, startUs) => {
        const { judged, modelled } = verdictsOf(one, all, startUs);
        expect(judged).toEqual(modelled);
      }),
      { numRuns: 300 },
    );
  });

  test('several judges pass a request only if each alone would, and a refused one uses nothing up', () => {
    const judges = [
      settingsOf({ kind: 'tokenBucket', rate: 3, perMs: 10, burst: 2 }),
      settingsOf({ kind: 'slidingWindow', limit: 3, perMs: 15 }),
      settingsOf({ kind: 'fixedWindow', limit: 4, perMs: 20 }),
    ];
    const models = [bucketModel(2n, 3n, 10_000n), slidingModel(3n, 15_000n), fixedModel(4n, 20_000n, 0n)];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 80 }), (gapsUs) => {
        const panel = createPanel(judges);
        const counted: { readonly atUs: bigint; readonly weight: bigint }[] = [];
        let nowUs = 0;
        for (const gapUs of gapsUs) {
          nowUs += gapUs;
          const expected = models.every((model) => model(counted, BigInt(nowUs), 1n));
          expect(panel.admit(nowUs, { method: 'GET', path: '/s/a' }).ok).toBe(expected);
          if (expected) counted.push({ atUs: BigInt(nowUs), weight: 1n });
        }
      }),
    );
  });
});

const ideal = (input: JudgeInput, requests: number, firstUs = 0): number =>
  idealWallUs(
    judgeConfig.parse(input),
    firstUs,
    Array.from({ length: requests }, () => ({ method: 'GET', path: '/s/a' })),
  ) / 1000;

describe('the ideal wall time', () => {
  test.each<[string, JudgeInput, number, number]>([
    ['no judge', {}, 50, 0],
    ['nothing', { judges: [{ kind: 'tokenBucket', rate: 20 }] }, 0, 0],
    ['20 per second', { judges: [{ kind: 'tokenBucket', rate: 20 }] }, 101, 5000],
    ['20 per second with a burst of 5', { judges: [{ kind: 'tokenBucket', rate: 20, burst: 5 }] }, 105, 5000],
    ['10 in any second', { judges: [{ kind: 'slidingWindow', limit: 10, perMs: 1000 }] }, 31, 3000],
    ['two at once, 100 ms each', { judges: [{ kind: 'concurrency', limit: 2 }], latencyMs: 100 }, 10, 400],
    [
      'weights of 2',
      { judges: [{ kind: 'tokenBucket', rate: 10, burst: 2, weights: [{ path: '/s', weight: 2 }] }] },
      11,
      2000,
    ],
    [
      'the stricter of two',
      {
        judges: [
          { kind: 'tokenBucket', rate: 100 },
          { kind: 'fixedWindow', limit: 5, perMs: 1000 },
        ],
      },
      11,
      2000,
    ],
  ])('of %s', (_, input, requests, expectedMs) => {
    expect(ideal(input, requests)).toBe(expectedMs);
  });

  test('a fixed window counts from where the first request stood in it', () => {
    expect(ideal({ judges: [{ kind: 'fixedWindow', limit: 5, perMs: 1000 }] }, 11, 900_000)).toBe(1100);
  });
});
