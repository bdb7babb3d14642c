import { isDeepStrictEqual } from 'node:util';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { streamOf } from '../core/table-name.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import type { RebuildSoFar, RebuildTarget, RebuildTargetInput } from '../messages/rebuild-target.ts';
import { PROGRESS_QUERY } from '../messages/signals.ts';

/**
 * Begins a rebuild of a stream's table in a target, or joins the one that is under way and does the same. There is one at a time: behind one that does something
 * else, or that may have read a log which is another one since, it waits for its turn.
 */
export async function startRebuild(
  client: Client,
  names: Names,
  input: RebuildTargetInput,
  onWait: (workflowId: string) => void = () => {},
): Promise<WorkflowHandle<RebuildTarget>> {
  const { target, partner, stream, action, acceptUnfit, logChanged } = input;
  const workflowId = names.rebuildId(input);
  for (;;)
    try {
      return await client.workflow.start<RebuildTarget>('rebuildTarget', {
        workflowId,
        taskQueue: names.workflowQueue,
        args: [input],
        memo: { asked: { action, acceptUnfit } },
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: searchAttributesOf({ partner, stream: streamOf(stream) }),
        staticSummary: `${action} ${partner} ${stream} in ${target}`,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const { runId, status, memo } = await client.workflow.getHandle(workflowId).describe();
      if (status.name !== 'RUNNING') continue;
      const other = client.workflow.getHandle<RebuildTarget>(workflowId, runId);
      if (logChanged !== true && isDeepStrictEqual(memo?.['asked'], { action, acceptUnfit })) return other;
      onWait(workflowId);
      // How it ends is for whoever asked for it.
      await other.result().catch((failure: unknown) => {
        if (!(failure instanceof WorkflowFailedError)) throw failure;
      });
    }
}

/** How far it has come; null: its first step has not ended. */
export const askRebuild = (handle: WorkflowHandle<RebuildTarget>): Promise<RebuildSoFar | null> =>
  handle.query<RebuildSoFar | null>(PROGRESS_QUERY);
