import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { GiveUp } from '../../core/errors.ts';
import type { Stage } from './recording.ts';

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(20);
}

export const ended = (handle: WorkflowHandle): Promise<unknown> => handle.result().catch(() => {});

/** Until a workflow has begun to wait so often. */
export async function timed(handle: Pick<WorkflowHandle, 'fetchHistory'>, times: number): Promise<void> {
  await until(async () => {
    const { events } = await handle.fetchHistory();
    return (events ?? []).filter((event) => event.timerStartedEventAttributes != null).length === times;
  });
}

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
