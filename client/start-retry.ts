import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Kind } from '../core/names.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import { retryId } from '../messages/retry-ids.ts';
import type { RetryStream } from '../messages/retry.ts';

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
): Promise<WorkflowHandle<RetryStream>> {
  return client.workflow.start<RetryStream>('retryStream', {
    workflowId: retryId(runId, stream),
    taskQueue: names.workflowQueue,
    args: [{ runId, stream }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
    staticSummary: `${partner} ${stream} ${window}, once more`,
  });
}
