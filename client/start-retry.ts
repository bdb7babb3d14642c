import type { Client, WorkflowHandle } from '@temporalio/client';
import { retryId, type Kind, type Names } from '../core/names.ts';
import { searchAttributesOf } from '../workflows/attributes.ts';
import type { retryStream } from '../workflows/index.ts';

export interface StartRetry {
  readonly names: Names;
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly window: string;
  readonly kind: Kind;
}

/** Reads one stream of a run once more, or joins the retry that does so already. */
export function startRetry(
  client: Client,
  { names, runId, partner, stream, window, kind }: StartRetry,
): Promise<WorkflowHandle<typeof retryStream>> {
  return client.workflow.start<typeof retryStream>('retryStream', {
    workflowId: retryId(runId, stream),
    taskQueue: names.workflowQueue,
    args: [{ runId, stream }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
    staticSummary: `${partner} ${stream} ${window}, once more`,
  });
}
