import type { Client, WorkflowHandle } from '@temporalio/client';
import { streamOf } from '../core/table-name.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import type { RebuildSoFar, RebuildTarget, RebuildTargetInput } from '../messages/rebuild-target.ts';
import { PROGRESS_QUERY } from '../messages/signals.ts';

/** Begins a rebuild of a stream's table in a target, or joins the one that is under way. */
export function startRebuild(
  client: Client,
  names: Names,
  input: RebuildTargetInput,
): Promise<WorkflowHandle<RebuildTarget>> {
  const { target, partner, stream, action } = input;
  return client.workflow.start<RebuildTarget>('rebuildTarget', {
    workflowId: names.rebuildId(input),
    taskQueue: names.workflowQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner, stream: streamOf(stream) }),
    staticSummary: `${action} ${partner} ${stream} in ${target}`,
  });
}

/** How far it has come; null: its first step has not ended. */
export const askRebuild = (handle: WorkflowHandle<RebuildTarget>): Promise<RebuildSoFar | null> =>
  handle.query<RebuildSoFar | null>(PROGRESS_QUERY);
