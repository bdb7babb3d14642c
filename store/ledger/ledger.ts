import type { BackfillPlan } from '../../core/backfill-plan.ts';
import type { Kind } from '../../core/names.ts';
import type { StreamReport } from '../../core/stream-report.ts';
import type { StagedPage, Writer } from '../../core/staged.ts';

export interface OpenRun {
  readonly runId: string;
  readonly partner: string;
  readonly kind: Kind;
  readonly windowLabel: string;
  readonly generation: number;
  readonly streams: readonly string[];
  readonly workflowRunId: string;
}

export interface OpenBackfill {
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  readonly concurrency: number;
  readonly generation: number;
  readonly windows: number;
  readonly workflowRunId: string;
}

export const waitKinds = ['limit', 'failure', 'outage', 'paused', 'job', 'approval'] as const;

export type WaitKind = (typeof waitKinds)[number];

export interface ExplainedWait {
  readonly syncId: string;
  readonly until: string;
  readonly cause: string;
  readonly kind: WaitKind;
}

export interface RetryBasis {
  readonly partner: string;
  readonly kind: Kind;
  readonly window: string;
  readonly generation: number;
  /** Those the run was to read. */
  readonly streams: readonly string[];
  /** Of each stream that has begun: the last reading. */
  readonly reports: readonly StreamReport[];
}

/** Requests of a grant that no commit is known to have counted. */
export interface UncountedRequests {
  readonly requests: number;
  /** Of commits of which nobody knows whether they came through. Each counted its requests if its last page is in the ledger as the writer's. */
  readonly unsure: readonly (Pick<StagedPage, 'pageKey' | 'fetchedAt'> & { readonly requests: number })[];
  readonly writer: Writer;
}

export const entryStates = ['held', 'replayed', 'dismissed', 'undone'] as const;

export interface QuarantineEntry {
  /** `17.3`: page and place where the record was first seen; unique within the stream. */
  readonly id: string;
  readonly status: (typeof entryStates)[number];
  readonly path: string;
  readonly reason: string;
}
