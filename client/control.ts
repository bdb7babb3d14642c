import { setTimeout as wait } from 'node:timers/promises';
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

/**
 * Asks a workflow to end, and waits for that for a while: whoever starts it again before joins the one that ends. `absent`: Temporal has none of this id that
 * goes on.
 */
export async function cancelWorkflow(
  client: Client,
  workflowId: string,
  patienceMs = 0,
): Promise<'ended' | 'ends' | 'absent'> {
  const untilMs = performance.now() + patienceMs;
  try {
    const { runId } = await client.workflow.getHandle(workflowId).describe();
    await client.workflow.getHandle(workflowId).cancel();
    for (;;) {
      const { status } = await client.workflow.getHandle(workflowId, runId).describe();
      if (status.name !== 'RUNNING') return 'ended';
      if (performance.now() > untilMs) return 'ends';
      await wait(LOOK_MS);
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'absent';
    throw error;
  }
}

const LOOK_MS = 100;
