import type { Allowance } from '../core/backfill-estimate.ts';
import type { BackfillPlan } from '../core/backfill-plan.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import type { GrantTimes } from './grant.ts';

export interface BackfillJob {
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  readonly generation: number;
}

export interface PlanBackfillInput extends BackfillJob {
  readonly workflowRunId: string;
  readonly concurrency: number;
}

export interface PlannedBackfill {
  readonly windows: number;
  readonly times: GrantTimes;
  readonly allowances: readonly Allowance[];
}

export interface CloseBackfillInput {
  readonly runId: string;
  readonly tally: BackfillTally;
  readonly windows: number;
  /** Why it ends before all windows were read; null: they were. */
  readonly broken: string | null;
}
