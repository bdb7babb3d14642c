import type { LimitsView, QueueView, Wait } from '../core/limits-view.ts';

export interface LookInput {
  readonly partner: string;
  /** Runs that are thought to be under way. */
  readonly runs: readonly string[];
}

export interface Look {
  readonly limits: LimitsView;
  readonly queue: QueueView | null;
  /** Of the queue, by us; goes on by itself. */
  readonly pause: Wait | null;
  /** Those of the runs that are under way: one that was terminated cannot say so. */
  readonly running: readonly string[];
}
