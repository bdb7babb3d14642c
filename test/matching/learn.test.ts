import { describe, expect, test } from '@jest/globals';
import { estimateMatches, posterior, type AlikePairs } from '../../matching/em.ts';
import { learn, priorOf } from '../../matching/learn.ts';

/** As many pairs at each combination of levels as the model says. */
const pairsOf = (
  share: number,
  truth: readonly (readonly number[])[],
  random: readonly (readonly number[])[],
): AlikePairs[] =>
  (truth[0] as number[]).flatMap((_, a) =>
    (truth[1] as number[]).flatMap((__, b) =>
      (truth[2] as number[]).map((___, c) => {
        const levels = [a, b, c];
        const of = (shares: readonly (readonly number[])[]): number =>
          levels.reduce((product, level, field) => product * (shares[field]?.[level] as number), 1);
        return { levels, pairs: 1_000_000 * (share * of(truth) + (1 - share) * of(random)) };
      }),
    ),
  );

describe('expectation maximisation', () => {
  // Two fields, agree (0) or not (1). By hand, with m 0.9/0.1, u 0.1/0.9 and half of the pairs matches: both agree 0.405 to 0.005, one of them 0.045 to 0.045.
  const m = [
    [0.9, 0.1],
    [0.9, 0.1],
  ];
  const u = [
    [0.1, 0.9],
    [0.1, 0.9],
  ];

  test.each([
    [[0, 0], 81 / 82],
    [[0, 1], 1 / 2],
    [[1, 1], 1 / 82],
    [[-1, 0], 9 / 10],
    [[-1, -2], 1 / 2],
  ])('pairs at the levels %j match with the probability %d', (levels, expected) => {
    expect(posterior(levels, { m, u, share: 0.5 })).toBeCloseTo(expected, 12);
  });

  test('a field that pairs were chosen by says nothing', () => {
    expect(posterior([0, 0], { m, u, share: 0.5, without: new Set([1]) })).toBeCloseTo(0.9, 12);
  });

  const truth = [
    [0.8, 0.15, 0.05],
    [0.6, 0.4],
    [0.95, 0.05],
  ];
  const random = [
    [0.01, 0.04, 0.95],
    [0.2, 0.8],
    [0.001, 0.999],
  ];
  const start = [
    [0.8, 0.1, 0.1],
    [0.8, 0.2],
    [0.8, 0.2],
  ];

  test('it finds the shares that pairs were made with', () => {
    const groups = pairsOf(0.3, truth, random);
    const found = estimateMatches({ groups, u: random, start, without: new Set() });
    expect(found.matches).toBeCloseTo(300_000, -3);
    for (const [field, levels] of truth.entries())
      for (const [level, share] of levels.entries()) expect(found.m[field]?.[level]).toBeCloseTo(share, 2);
  });

  test('what it may take for matches has a bound', () => {
    const groups = pairsOf(0.3, truth, random);
    expect(estimateMatches({ groups, u: random, start, without: new Set(), most: 1000 }).matches).toBeCloseTo(1000, 6);
  });

  test('without pairs it stays where it began', () => {
    expect(estimateMatches({ groups: [], u: random, start, without: new Set() })).toEqual({
      m: start,
      seen: [0, 0, 0],
      matches: 0,
      rounds: 0,
    });
  });

  test('a pass in which hardly a pair matches has little say, and none about what it chose by', () => {
    const good = { groups: pairsOf(0.9, truth, random), scale: 1, certain: false };
    const wrong = [
      [0.1, 0.1, 0.8],
      [0.5, 0.5],
      [0.95, 0.05],
    ];
    const passes = [
      { ...good, own: good.groups, without: new Set<number>() },
      { groups: pairsOf(0.01, wrong, random), own: [], scale: 1, certain: false, without: new Set([1]) },
    ];
    const learnt = learn([3, 2, 2], passes, random);
    expect(learnt[0]?.[0]).toBeCloseTo(0.8, 2);
    expect(learnt[1]?.[0]).toBeCloseTo(0.6, 2);
    // Some 900,000 matches among 1,000,000,000 pairs, a few of which are too little alike to be seen.
    const prior = priorOf(passes, { m: truth, u: random, total: 1e9, start: 1e-3 });
    expect(prior).toBeGreaterThan(0.7e-3);
    expect(prior).toBeLessThan(0.9e-3);
  });

  test('pairs of a certain rule are matches', () => {
    const groups = [{ levels: [1, 1, 1], pairs: 50 }];
    const pass = { groups, own: groups, scale: 2, certain: true, without: new Set<number>() };
    expect(priorOf([pass], { m: truth, u: random, total: 1e6, start: 1e-3 })).toBeCloseTo(1e-4, 8);
  });
});
