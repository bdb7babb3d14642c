import { WorkflowFailedError, type Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { GiveUp, InvalidInput } from '../core/errors.ts';
import type { ExportTarget, ExportTargetInput, ExportTargetReport } from '../messages/export-target.ts';
import { failureText } from './failure-text.ts';
import type { Names } from '../messages/names.ts';

/** Has the worker of a target export it, and waits for the end. */
export async function exportByWorker(
  client: Client,
  names: Names,
  input: ExportTargetInput,
): Promise<ExportTargetReport> {
  const workflowId = names.exportId(input.target);
  try {
    return await client.workflow.execute<ExportTarget>('exportTarget', {
      workflowId,
      taskQueue: names.workflowQueue,
      args: [input],
      staticSummary: `${input.target} as Parquet`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      throw new InvalidInput(`an export of ${input.target} goes on (workflow ${workflowId}): wait for its end`);
    if (!(error instanceof WorkflowFailedError)) throw error;
    // What Temporal wraps around it says nothing more.
    throw new GiveUp(failureText(error));
  }
}
