import type { WorkflowHandle } from '@temporalio/client';
import type { StartedBackfill } from '../../client/start-backfill.ts';
import type { startSync } from '../../client/start-sync.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import type { Simulator } from '../../simulator/start.ts';
import type { Scene } from '../../test/workflows/scene.ts';

/** A partner of this name, and what is done with it. */
export interface Recording {
  readonly faults?: readonly FaultInput[];
  readonly grant?: { readonly requests: number };
  readonly targets?: readonly string[];
  /** Ends when all that is to be recorded has ended. */
  readonly play: (stage: Stage) => Promise<void>;
}

export interface Stage {
  readonly scene: Scene;
  readonly partner: string;
  readonly simulator: Simulator;
  readonly start: (streams?: readonly string[]) => ReturnType<typeof startSync>;
  /** Windows of thirty days that end with this day. */
  readonly backfill: (to: string, stream?: string) => Promise<StartedBackfill>;
  /** Starts the schedule's slot of the night after WINDOW. */
  readonly slot: () => Promise<WorkflowHandle>;
  readonly streamId: (stream: string) => string;
  /** The last run of a workflow, or the run named. */
  readonly save: (name: string, workflowId: string, workflowRunId?: string) => Promise<void>;
}
