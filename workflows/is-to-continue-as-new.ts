import { CancellationScope, CancelledFailure, patched, workflowInfo } from '@temporalio/workflow';

/**
 * Whether the history has grown too long. Throws where a cancel has come together with the last answer: it has stopped nothing yet, and the run that goes
 * on would not know of it.
 */
export function isToContinueAsNew(): boolean {
  if (!workflowInfo().continueAsNewSuggested) return false;
  if (CancellationScope.current().consideredCancelled && patched('cancelled as it continues as new'))
    throw new CancelledFailure('cancelled');
  return true;
}
