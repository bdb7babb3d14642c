import type { Client, WorkflowHandle } from '@temporalio/client';
import { retryId, WORKFLOW_QUEUE, type Kind } from '../core/names.ts';
import { searchAttributesOf } from '../workflows/attributes.ts';
import type { retryStream } from '../workflows/index.ts';

export interface StartRetry {
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly window: string;
  readonly kind: Kind;
}

/** Reads one stream of a run once more, or joins the retry that does so already. */
export function startRetry(
  client: Client,
  { runId, partner, stream, window, kind }: StartRetry,
): Promise<WorkflowHandle<typeof retryStream>> {
  return client.workflow.start<typeof retryStream>('retryStream', {
    workflowId: retryId(runId, stream),
    taskQueue: WORKFLOW_QUEUE,
    args: [{ runId, stream }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
    staticSummary: `${partner} ${stream} ${window}, once more`,
  });
}
