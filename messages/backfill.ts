import type { Estimate } from '../core/backfill-estimate.ts';
import type { BackfillPlan } from '../core/backfill-plan.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import type { Outcome } from '../core/names.ts';

export interface BackfillInput {
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  /** Windows that are read at once. */
  readonly concurrency: number;
  readonly generation: number;
  /** What the runs before this one, continued as new, have done. */
  readonly soFar: BackfillTally;
  readonly paused: boolean;
}

/** Begin no further window; `now`: those that run stop after their current page, and go on from there later. */
export interface Pause {
  readonly now: boolean;
}

/** What the query `progress` answers. */
export interface BackfillProgress extends BackfillTally {
  readonly windows: number;
  readonly left: number;
  readonly running: readonly string[];
  readonly paused: boolean;
  readonly estimate: Estimate;
}

export interface BackfillReport extends BackfillTally {
  readonly runId: string;
  readonly windows: number;
  readonly left: number;
  readonly outcome: Outcome;
  readonly reason: string | null;
}

export type BackfillStream = (input: BackfillInput) => Promise<BackfillReport>;
