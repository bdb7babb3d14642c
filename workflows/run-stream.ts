import { executeChild, ParentClosePolicy } from '@temporalio/workflow';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { StreamJob, GrantTimes } from '../messages/grant.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import { noProgress } from '../messages/sync-stream.ts';
import { syncStream } from './sync-stream.ts';

/** One stream's run as a child, under its own id. */
export function runStream(
  job: StreamJob & { readonly times: GrantTimes },
  how: { readonly again?: boolean } = {},
): Promise<StreamReport> {
  const { partner, stream, syncId, window, kind, lane } = job;
  return executeChild(syncStream, {
    workflowId: syncId,
    args: [{ ...job, soFar: noProgress }],
    workflowIdReusePolicy: how.again === true ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    priority: { priorityKey: lanePriority[lane] },
    typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
    staticSummary: `${partner} ${stream} ${window}${how.again === true ? ', once more' : ''}`,
  });
}
