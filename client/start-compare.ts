import type { Client, WorkflowHandle } from '@temporalio/client';
import { streamOf } from '../core/table-name.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { CompareTarget, CompareTargetInput } from '../messages/compare-target.ts';
import type { Names } from '../messages/names.ts';

/** Begins a comparison of a stream's table in a target with the store, or joins the one that is under way. */
export function startCompare(
  client: Client,
  names: Names,
  input: CompareTargetInput,
): Promise<WorkflowHandle<CompareTarget>> {
  const { target, partner, stream } = input;
  return client.workflow.start<CompareTarget>('compareTarget', {
    workflowId: names.compareId(input),
    taskQueue: names.workflowQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner, stream: streamOf(stream) }),
    staticSummary: `compare ${partner} ${stream} in ${target} with the store`,
  });
}
