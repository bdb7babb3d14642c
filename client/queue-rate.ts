import type { WorkflowService } from '@temporalio/client';
import { isOurs, pauseIn, type QueueRate } from '../core/queue-rate.ts';
import type { QueueView } from '../core/limits-view.ts';

/** TASK_QUEUE_TYPE_ACTIVITY; the enum is not exported to ESM. */
const ACTIVITY = 2;

export interface QueueOf {
  readonly workflowService: WorkflowService;
  readonly namespace: string;
  /** A partner's. */
  readonly taskQueue: string;
}

/** Grants per second that the server lets a partner's queue have, and who said so. Servers before 1.29 cannot tell. */
export async function readQueueRate({ workflowService, namespace, taskQueue }: QueueOf): Promise<QueueRate> {
  const { config } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
    taskQueueType: ACTIVITY,
    reportConfig: true,
  });
  const { rateLimit, metadata } = config?.queueRateLimit ?? {};
  if (rateLimit === null || rateLimit === undefined) return { rate: undefined, reason: undefined };
  // Protobuf leaves a zero out.
  return { rate: rateLimit.requestsPerSecond ?? 0, reason: metadata?.reason ?? '' };
}

/** Effective within about 0.1 s, and stays after whoever set it has died. At most 10 calls per second and namespace. */
export async function setQueueRate(
  { workflowService, namespace, taskQueue }: QueueOf,
  { rate, reason }: QueueRate,
): Promise<void> {
  await workflowService.updateTaskQueueConfig({
    namespace,
    identity: 'syncline',
    taskQueue,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
    taskQueueType: ACTIVITY,
    updateQueueRateLimit: {
      ...(rate === undefined ? {} : { rateLimit: { requestsPerSecond: rate } }),
      reason: reason ?? '',
    },
  });
}

export const viewOfQueue = (queue: QueueRate): QueueView => ({
  rate: queue.rate ?? null,
  reason: queue.reason ?? null,
  paused: pauseIn(queue),
  foreign: !isOurs(queue),
});
