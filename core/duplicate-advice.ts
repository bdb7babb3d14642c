/** How the pairs of a plan came to be, and what could have told their rows to be one: `landing/duplicate-causes.ts` counts it. */
export interface AdviceFacts {
  readonly causes: readonly { readonly kind: string; readonly stream: string; readonly pairs: number }[];
  readonly candidates: readonly {
    readonly stream: string;
    readonly column: string;
    readonly same: number;
    readonly sameNormalised: number;
    readonly pairs: number;
    readonly shared: number;
    readonly missing: number;
  }[];
  /** By stream: its primary key now; []: it has none. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

type Candidate = AdviceFacts['candidates'][number];

export interface KeyProposal {
  readonly stream: string;
  readonly column: string;
  /** The values have to be made alike first: case, spaces at the ends. */
  readonly normalise: boolean;
  readonly says: string;
}

/** A key has to hold for nearly all pairs: what is proposed is tried on the log before anybody relies on it. */
const HOLDS = 0.95;

/** For each stream whose duplicates came under different keys: the column that would have been the better key, if there is one. */
export function proposeKeys({ causes, candidates, keys }: AdviceFacts): readonly KeyProposal[] {
  const streams = new Set(causes.filter(({ kind }) => kind !== 'streams').map(({ stream }) => stream));
  return [...streams].flatMap((stream) => {
    const now = keys.get(stream) ?? [];
    const [best] = candidates
      .filter((each) => each.stream === stream && each.sameNormalised >= HOLDS * each.pairs)
      .filter(({ column, shared }) => shared === 0 && !(now.length === 1 && now[0] === column))
      .toSorted((a, b) => b.sameNormalised - a.sameNormalised || b.same - a.same || a.missing - b.missing);
    return best === undefined ? [] : [proposalOf(best, now)];
  });
}

function proposalOf(
  { stream, column, same, sameNormalised, pairs, missing }: Candidate,
  now: readonly string[],
): KeyProposal {
  const normalise = same < sameNormalised;
  const agree = normalise
    ? `the same in ${sameNormalised} of ${pairs} pairs, in ${pairs - same} of them only without regard to case and spaces`
    : `the same in ${same} of ${pairs} pairs`;
  const lacks = missing === 0 ? 'no row lacks it' : `${missing} rows lack it`;
  return {
    stream,
    column,
    normalise,
    says: `${stream}: \`primaryKey: [${column}]\` instead of [${now.join(', ')}]. ${column} is ${agree}; no two others share it; ${lacks}.`,
  };
}

const words: Readonly<Record<string, string>> = {
  page: 'came twice in one page: the partner lists them twice',
  run: 'came on two pages of one run: the listing repeats them, or changed while it was read',
  runs: 'came again in a later run, under another key',
  push: 'were pushed under another key',
  streams: 'are in two streams: no key closes that, golden records do',
};

/** `280 pairs of crm.contacts came again in a later run, under another key`. */
export const causeText = ({ kind, stream, pairs }: AdviceFacts['causes'][number]): string =>
  `${pairs} pairs of ${stream} ${words[kind] ?? kind}`;
