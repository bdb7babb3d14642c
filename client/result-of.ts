import { WorkflowFailedError, type WorkflowHandle, type WorkflowResultType } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { GiveUp } from '../core/errors.ts';
import { failureText } from './failure-text.ts';

/** What the workflow gives; what it fails with in the words of the activity that failed, without what Temporal wraps around them. */
export async function resultOf<W extends Workflow>(handle: WorkflowHandle<W>): Promise<WorkflowResultType<W>> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new GiveUp(failureText(error));
  }
}
