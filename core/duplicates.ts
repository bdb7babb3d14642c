/** What finding duplicates hands to what plans, shows and undoes them. Holds no value of a row. */

/** A row of a stream's table. */
export interface RowRef {
  /** `partner.stream`. */
  readonly stream: string;
  /** Its id: the text of its primary key (targets/postgres/row-id.ts). */
  readonly row: string;
}

/** Two rows that may mean the same thing; `left` comes before `right` by stream and row, in the order of code points. */
export interface FoundPair {
  readonly left: RowRef;
  readonly right: RowRef;
  /** The name of the exact rule that found it, or `score`. */
  readonly rule: string;
  /** log2 of the odds: that of the prior, and that of each level. */
  readonly weight: number;
  /** 0 to 1; 1 of an exact rule that is not for review. */
  readonly probability: number;
  /** By field, in the order of `compare`. */
  readonly levels: Readonly<Record<string, FoundLevel>>;
}

export interface FoundLevel {
  /** `exact`, `similar 0.92` …; `else`: they differ; `missing`: one of the two has no value. */
  readonly level: string;
  /** Its part of the pair's weight: above 0 it speaks for one thing, below for two. */
  readonly weight: number;
}

/** What the score knows. It is plain JSON, so a plan can keep it and score later rows by the same weights. */
export interface Weights {
  /** The probability that two random rows mean the same thing. */
  readonly prior: number;
  readonly fields: Readonly<Record<string, readonly LevelWeight[]>>;
}

export interface LevelWeight {
  readonly level: string;
  /** Share of the pairs that mean the same thing that are at this level. */
  readonly m: number;
  /** Share of all others that are. */
  readonly u: number;
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
  /** As it is written: `name~phonetic, born~year`. */
  readonly block: string;
  /** Pairs of rows that share it, each counted once, at its first key. */
  readonly pairs: number;
  /** Groups of rows above `largestBlock`: their pairs were not compared by this block. */
  readonly tooLarge: number;
  /** Rows in them. */
  readonly rowsTooLarge: number;
  /** Pairs in them. Another block may have found some of them. */
  readonly pairsTooLarge: number;
}
