import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { signals } from '../messages/signals.ts';

/** Runs show under their current details what people have paused. One that has ended meanwhile is no error; what else fails is thrown after all were told. */
export async function showPauses(
  client: Client,
  told: readonly { readonly runId: string; readonly pauses: readonly string[] }[],
): Promise<void> {
  const shown = await Promise.allSettled(
    told.map(({ runId, pauses }) => client.workflow.getHandle(runId).signal(signals.pauses, pauses)),
  );
  for (const one of shown)
    if (one.status === 'rejected' && !(one.reason instanceof WorkflowNotFoundError)) throw one.reason;
}

/** Asks a workflow to end; false: Temporal has none of this id that goes on. */
export async function cancelWorkflow(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).cancel();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
