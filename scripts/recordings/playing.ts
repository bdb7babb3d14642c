import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { GiveUp } from '../../core/errors.ts';
import type { Stage } from './recording.ts';

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(20);
}

export const ended = (handle: WorkflowHandle): Promise<unknown> => handle.result().catch(() => {});

/** The last two runs of a workflow that continued as new. */
export async function saveChain(
  name: string,
  handle: Pick<WorkflowHandle, 'workflowId' | 'fetchHistory'>,
  save: Stage['save'],
): Promise<void> {
  const { events } = await handle.fetchHistory();
  const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  if (!before) throw new GiveUp(`${handle.workflowId} did not continue as new: the server did not suggest it`);
  await save(`${name}.continues`, handle.workflowId, before);
  await save(`${name}.continued`, handle.workflowId);
}
