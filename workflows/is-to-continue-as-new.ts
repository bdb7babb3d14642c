import { CancellationScope, CancelledFailure, patched, workflowInfo } from '@temporalio/workflow';

/** Whether the history has grown too long. A cancel that came together with the last answer has stopped nothing yet, and the run that goes on would not know of it: it is thrown. */
export function isToContinueAsNew(): boolean {
  if (!workflowInfo().continueAsNewSuggested) return false;
  if (CancellationScope.current().consideredCancelled && patched('cancelled as it continues as new'))
    throw new CancelledFailure('cancelled');
  return true;
}
