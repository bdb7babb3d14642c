import type { QueueOf } from './queue-rate.ts';

/** TASK_QUEUE_TYPE_ACTIVITY; the enum is not exported to ESM. */
const ACTIVITY = 2;

export interface QueueBacklog {
  readonly waiting: number;
  /** Of the one that has waited longest. */
  readonly oldestSecs: number;
}

/** What waits in a partner's queue, by the server's estimate; undefined: the server does not tell. */
export async function readQueueBacklog({
  workflowService,
  namespace,
  taskQueue,
}: QueueOf): Promise<QueueBacklog | undefined> {
  const { stats } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
    taskQueueType: ACTIVITY,
    reportStats: true,
  });
  if (stats === null || stats === undefined) return undefined;
  const { approximateBacklogCount: count, approximateBacklogAge: age } = stats;
  return { waiting: Number(count ?? 0), oldestSecs: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9 };
}
