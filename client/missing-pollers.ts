import type { Client } from '@temporalio/client';

const WORKFLOW = 1;
const ACTIVITY = 2;

/** Those of some task queues that no worker asks for work. */
export async function missingPollers(client: Client, queues: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const name of queues) {
    let pollers = 0;
    for (const taskQueueType of [WORKFLOW, ACTIVITY]) {
      const answer = await client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name },
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
        taskQueueType,
      });
      pollers += answer.pollers?.length ?? 0;
    }
    if (pollers === 0) missing.push(name);
  }
  return missing;
}
