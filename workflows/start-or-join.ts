import { sleep } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { MINUTE, SECOND } from '../core/duration.ts';

/**
 * Runs a child, or joins the run that its id has already, of another parent or of this one before a reset: what runs is
 * waited for, what is done is taken from the ledger, and what ended without being done is begun again. Other errors of the
 * child are thrown.
 */
export async function startOrJoin<T>(child: {
  readonly start: () => Promise<T>;
  /** What the ledger says; null while it is not done. */
  readonly done: () => Promise<T | null>;
  /** Shown while somebody else's run is waited for. */
  readonly waiting: string;
}): Promise<T> {
  for (let waitMs = SECOND; ; waitMs = Math.min(2 * waitMs, MINUTE)) {
    try {
      return await child.start();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const done = await child.done();
    if (done !== null) return done;
    await sleep(waitMs, { summary: child.waiting });
  }
}
