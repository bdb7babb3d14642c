/** Pairs that are alike in the same way: the number of a level for each field; below 0: the field says nothing. */
export interface AlikePairs {
  readonly levels: readonly number[];
  readonly pairs: number;
}

export interface Estimate {
  /** By field and level: the share of the matches that are at this level, of those that are at any. */
  readonly m: readonly (readonly number[])[];
  /** By field: how many matches were at any of its levels. */
  readonly seen: readonly number[];
  /** How many of the pairs match. */
  readonly matches: number;
  readonly rounds: number;
}

export interface EmInput {
  readonly groups: readonly AlikePairs[];
  /** By field and level: the share of the other pairs at this level. It stays. */
  readonly u: readonly (readonly number[])[];
  /** Where m begins, and what it goes back to where nothing is seen. */
  readonly start: readonly (readonly number[])[];
  /** Fields that all pairs agree on by choice: they take no part. */
  readonly without: ReadonlySet<number>;
}

/** Matches that the start counts for, so that a level nobody saw is rare and not impossible. */
const PRIOR_MATCHES = 2;
const ROUNDS = 200;
const ENOUGH = 1e-5;

/**
 * How often matches are at each level, by expectation maximisation in the model of Fellegi and Sunter (A theory for record linkage, 1969; the estimate as by
 * Winkler, Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage, 1988). It works on groups of pairs that are alike in the
 * same way, so its cost does not grow with the rows.
 */
export function estimateMatches({ groups, u, start, without }: EmInput): Estimate {
  const total = groups.reduce((sum, { pairs }) => sum + pairs, 0);
  let m = start;
  let seen: readonly number[] = start.map(() => 0);
  // A tenth of the pairs of a block match, to begin with.
  let share = 0.1;
  let rounds = 0;
  if (total > 0)
    for (; rounds < ROUNDS; rounds += 1) {
      const counted = start.map((levels) => levels.map(() => 0));
      let matches = 0;
      for (const { levels, pairs } of groups) {
        const weight = pairs * posterior(levels, { m, u, share, without });
        matches += weight;
        for (const [field, level] of levels.entries()) if (level >= 0) (counted[field] as number[])[level]! += weight;
      }
      seen = counted.map((levels) => levels.reduce((sum, count) => sum + count, 0));
      const next = counted.map((levels, field) =>
        levels.map(
          (count, level) =>
            (count + PRIOR_MATCHES * (start[field]?.[level] ?? 0)) / ((seen[field] ?? 0) + PRIOR_MATCHES),
        ),
      );
      const moved = Math.max(
        Math.abs(matches / total - share),
        ...next.flatMap((levels, field) => levels.map((value, level) => Math.abs(value - (m[field]?.[level] ?? 0)))),
      );
      m = next;
      share = Math.min(Math.max(matches / total, 1e-12), 1 - 1e-12);
      if (moved < ENOUGH) break;
    }
  return { m, seen, matches: share * total, rounds };
}

export interface Model {
  readonly m: readonly (readonly number[])[];
  readonly u: readonly (readonly number[])[];
  /** Of all pairs, how many match. */
  readonly share: number;
  readonly without?: ReadonlySet<number>;
}

/** The probability that pairs of these levels match. */
export function posterior(levels: readonly number[], { m, u, share, without }: Model): number {
  let match = share;
  let other = 1 - share;
  for (const [field, level] of levels.entries()) {
    if (level < 0 || without?.has(field) === true) continue;
    match *= m[field]?.[level] ?? 0;
    other *= u[field]?.[level] ?? 0;
  }
  return match + other > 0 ? match / (match + other) : 0;
}
