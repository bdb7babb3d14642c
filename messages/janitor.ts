import type { JanitorMode, LeftoverKind } from '../core/leftover.ts';

export interface RunJanitorInput {
  readonly mode: JanitorMode;
}

/** A report in numbers; the store has its places. */
export interface JanitorTally {
  /** Its number. */
  readonly report: number;
  /** Kinds of which nothing was found are left out. */
  readonly kinds: readonly {
    readonly kind: LeftoverKind;
    readonly places: number;
    readonly count: number;
    readonly removed: number;
  }[];
  /** What could not be looked at or removed, in words. */
  readonly troubles: readonly string[];
}

export type RunJanitor = (input: RunJanitorInput) => Promise<JanitorTally>;
