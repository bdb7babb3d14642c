/** What the score knows. It is plain JSON, so a plan can keep it and score later rows by the same weights. */
export interface Weights {
  /** The probability that two random rows mean the same thing. */
  readonly prior: number;
  readonly fields: Readonly<Record<string, readonly LevelWeight[]>>;
}

export interface LevelWeight {
  readonly level: string;
  /** Share of the pairs that mean the same thing that are at this level; undefined, as u is, of a weight that was given. */
  readonly m?: number;
  /** Share of all others that are. */
  readonly u?: number;
  /** log2(m / u), or as it was given. */
  readonly weight: number;
}

/** What was looked at, and what was not. */
export interface MatchCounts {
  readonly rows: number;
  /** By name of the exact rule: pairs that are equal by it. */
  readonly exact: Readonly<Record<string, number>>;
  readonly blocks: readonly BlockCount[];
}

export interface BlockCount {
  /** As it is written: `name~phonetic, born~year`; or the name of an exact rule that is for review. */
  readonly block: string;
  /** Pairs of rows that share it. Those that share two blocks count in both, and are compared once. */
  readonly pairs: number;
  /** Groups of rows above `largestBlock`: their pairs were not compared by this block. */
  readonly tooLarge: number;
  /** Rows in them. */
  readonly rowsTooLarge: number;
  /** Pairs in them. Another block may have found some of them. */
  readonly pairsTooLarge: number;
}
