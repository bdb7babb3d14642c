import { ActivityFailure, ChildWorkflowFailure, isCancellation } from '@temporalio/workflow';
import { CANCELLED } from '../messages/cancelled.ts';

/** What went wrong in an activity or a child, in its own words. */
export function reasonOf(error: unknown): string {
  if (isCancellation(error)) return CANCELLED;
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
