import type { Kind, Lane } from '../core/names.ts';
import type { GrantTimes } from './grant.ts';
import type { StreamReport } from './stream-report.ts';

export interface PlanRunInput {
  readonly runId: string;
  readonly workflowRunId: string;
  readonly partner: string;
  /** Empty: all. */
  readonly streams: readonly string[];
  readonly window: string;
  readonly kind: Kind;
  readonly generation: number;
}

export interface PlannedStream {
  readonly stream: string;
  readonly lane: Lane;
  /** A stream of this run whose records it needs first. */
  readonly after: string | null;
}

export interface RunPlan {
  /** Critical first. */
  readonly streams: readonly PlannedStream[];
  readonly times: GrantTimes;
}

export interface CloseRunInput {
  readonly runId: string;
  readonly reports: readonly StreamReport[];
}
