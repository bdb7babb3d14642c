import { estimateMatches, posterior, type AlikePairs, type Estimate, type Shares } from './em.ts';

/** What weighs nothing, where it must weigh something. */
const LEAST = 1e-9;

export interface SeenPass {
  readonly groups: readonly AlikePairs[];
  /** Of these, pairs that no pass before has. */
  readonly own: readonly AlikePairs[];
  /** How many pairs stand behind each that was looked at. */
  readonly scale: number;
  readonly without: ReadonlySet<number>;
  /** All of its pairs match: it is an exact rule that nobody reviews. */
  readonly certain: boolean;
}

/** Most matches agree, some nearly, few not at all. `levels`: how many there are, with `else`. */
function startOf(levels: number): readonly number[] {
  return Array.from({ length: levels }, (_, at) => (at === 0 ? 0.8 : 0.2 / (levels - 1)));
}

/**
 * Where two fields follow from each other (a company's name and its domain), a block of one of them finds everybody in it alike in the other, and takes all for
 * matches. It cannot have so many more of them than the other passes.
 */
const TWICE = 2;
/** Fewer passes do not say which of them is the odd one. */
const ENOUGH = 3;

function mostOf(matches: readonly number[]): number {
  const median = matches.toSorted((a, b) => a - b)[Math.floor(matches.length / 2)];
  return matches.length < ENOUGH || median === undefined ? Infinity : TWICE * median;
}

/** Matches for each pair that is none, up to a hundred: where most pairs match, little is taken for a match that is none. */
function purity({ matches }: Estimate, groups: readonly AlikePairs[]): number {
  const others = groups.reduce((sum, { pairs }) => sum + pairs, 0) - matches;
  return matches / Math.max(others, matches / 100, 1);
}

/** m of each field from all passes that do not choose by it, each with the weight of the matches it saw and of how pure it is. */
export function learn(levels: readonly number[], seen: readonly SeenPass[], u: Shares): Shares {
  const start = levels.map(startOf);
  const free = seen.map((pass) => ({ ...pass, estimate: estimateMatches({ ...pass, u, start }) }));
  const most = mostOf(free.map(({ estimate, scale }) => estimate.matches * scale));
  const passes = free.map((pass) =>
    pass.estimate.matches * pass.scale <= most
      ? pass
      : { ...pass, estimate: estimateMatches({ ...pass, u, start, most: most / pass.scale }) },
  );
  return start.map((shares, field) => {
    const used = passes.filter(({ without }) => !without.has(field));
    const weight = ({ estimate, groups }: (typeof passes)[number]): number =>
      Math.max((estimate.seen[field] ?? 0) * purity(estimate, groups), LEAST);
    const all = used.reduce((sum, pass) => sum + weight(pass), 0);
    return all === 0
      ? shares
      : shares.map(
          (_, level) =>
            used.reduce((sum, pass) => sum + weight(pass) * (pass.estimate.m[field]?.[level] ?? 0), 0) / all,
        );
  });
}

/** The share of matches among all pairs by which as many are expected among those that were chosen. */
export function priorOf(
  seen: readonly SeenPass[],
  { m, u, total, start }: { readonly m: Shares; readonly u: Shares; readonly total: number; readonly start: number },
): number {
  let share = start;
  for (let round = 0; round < 100; round += 1) {
    const expected = seen.reduce(
      (sum, { own, scale, certain }) =>
        sum +
        scale *
          own.reduce((part, { levels, pairs }) => part + pairs * (certain ? 1 : posterior(levels, { m, u, share })), 0),
      0,
    );
    const next = Math.min(Math.max(expected / total, 1 / total / 10), 0.5);
    const moved = Math.abs(Math.log(next / share));
    share = next;
    if (moved < 1e-4) break;
  }
  return share;
}
