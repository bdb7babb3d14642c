import type { Client } from '@temporalio/client';
import { MINUTE } from '../core/duration.ts';
import type { Names } from '../messages/names.ts';

const WORKFLOW = 1;
const ACTIVITY = 2;

/** Temporal remembers pollers for 5 min; one that lives asks anew at least once a minute. */
const SEEN_LATELY_MS = 2 * MINUTE;

/**
 * Those of the task queues of some partners, of some targets, and of workflows, that no worker asks for work. The queue of workflows
 * needs both kinds of work done.
 */
export async function missingPollers(
  client: Client,
  names: Names,
  partners: readonly string[],
  targets: readonly string[] = [],
): Promise<string[]> {
  const queues = [
    ...partners.map((partner) => names.partnerQueue(partner)),
    ...targets.map((target) => names.targetQueue(target)),
  ];
  const found = await Promise.all(
    [names.workflowQueue, ...queues].map(async (name) => {
      const types = name === names.workflowQueue ? [WORKFLOW, ACTIVITY] : [ACTIVITY];
      const polled = await Promise.all(types.map((type) => isPolled(client, name, type)));
      return polled.every(Boolean) ? [] : [name];
    }),
  );
  return found.flat();
}

/** Whether a worker asks for work of a target: it has the target open, or will have. */
export const isServed = (client: Client, names: Names, target: string): Promise<boolean> =>
  isPolled(client, names.targetQueue(target), ACTIVITY);

async function isPolled(client: Client, name: string, taskQueueType: number): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
    taskQueueType,
  });
  return (pollers ?? []).some(({ lastAccessTime }) => {
    const seenMs = Number(lastAccessTime?.seconds ?? 0) * 1000;
    return Date.now() - seenMs < SEEN_LATELY_MS;
  });
}
