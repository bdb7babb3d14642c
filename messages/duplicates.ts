/** Looks for rows that mean the same thing, and makes a plan of them. */
export interface FindDuplicatesInput {
  /** In duplicates.yaml. */
  readonly name: string;
  readonly by: string;
  /**
   * Goes on with the newest plan in force: rows that came since are compared by its weights, and those that belong to a merged cluster join it
   * without being asked for.
   */
  readonly join: boolean;
  /** How long the signal `approve` is waited for, in ms; 0: not at all. */
  readonly waitMs: number;
}

export interface PairsFound {
  readonly plan: number;
  readonly pairs: number;
  /** From the probability on that is proposed to merge. */
  readonly merge: number;
  readonly review: number;
  readonly clusters: number;
  /** Rows of the largest cluster. */
  readonly largest: number;
}

export interface FoundDuplicates extends PairsFound {
  /** Pairs that were approved and applied. */
  readonly applied: number;
}

/** Which pairs of a plan; what is left out fits all. */
export interface DuplicateScope {
  readonly rule?: string;
  readonly cluster?: number;
  readonly pair?: number;
  /** These, by their numbers: 10,000 at most. */
  readonly pairs?: readonly number[];
}

/** What the signal `approve` says. */
export interface ApproveDuplicates extends DuplicateScope {
  readonly by: string;
  readonly reason: string;
}

export interface ChangeDuplicatesInput {
  readonly plan: number;
  readonly action: 'apply' | 'undo';
  readonly scope: DuplicateScope;
  readonly by: string;
  readonly reason: string;
}

export interface DuplicatesChanged {
  /** Pairs that came in force, or went. */
  readonly links: number;
  /** Of these and of those around them: pairs that hold nothing together, since their cluster would be too large or would hold a pair that never merges. */
  readonly held: number;
  /** Plans that changed: one, and those that went on with its rules. */
  readonly plans: readonly number[];
}

export type FindDuplicates = (input: FindDuplicatesInput) => Promise<FoundDuplicates>;
export type ChangeDuplicates = (input: ChangeDuplicatesInput) => Promise<DuplicatesChanged>;
