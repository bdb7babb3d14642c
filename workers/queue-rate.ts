import type { NativeConnection } from '@temporalio/worker';
import { explain } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import { partnerQueue } from '../core/names.ts';
import type { Limits } from '../definitions/definition.ts';
import type { Log } from '../http/log.ts';

/** TASK_QUEUE_TYPE_ACTIVITY; the enum is not exported to ESM. */
const ACTIVITY = 2;
const REASON = 'syncline: rate of the definition';

/**
 * Sets the server-side rate of a partner's queue to the declared rate of requests: each grant makes at least one, so
 * this never slows a partner down, and a fleet that starts all at once is dispatched no faster than it may ask. Permits
 * keep the exact limit. A rate that somebody else set, such as 0 for a pause, is left alone.
 */
export async function keepQueueRate(input: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly partner: string;
  readonly limits: Limits;
  readonly log: Log;
}): Promise<void> {
  const { connection, namespace, partner, limits, log } = input;
  const taskQueue = partnerQueue(partner);
  const wanted = limits.rate === undefined ? undefined : limits.rate / (limits.per / SECOND);
  try {
    const { config } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
      taskQueueType: ACTIVITY,
      reportConfig: true,
    });
    const { rateLimit, metadata } = config?.queueRateLimit ?? {};
    const present = rateLimit === null || rateLimit === undefined ? undefined : (rateLimit.requestsPerSecond ?? 0);
    if (present !== undefined && metadata?.reason !== REASON) return;
    // The server keeps 32-bit floats.
    if (present === wanted || (present !== undefined && wanted !== undefined && Math.fround(wanted) === present))
      return;
    await connection.workflowService.updateTaskQueueConfig({
      namespace,
      identity: 'syncline',
      taskQueue,
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is not exported to ESM
      taskQueueType: ACTIVITY,
      updateQueueRateLimit: {
        ...(wanted === undefined ? {} : { rateLimit: { requestsPerSecond: wanted } }),
        reason: REASON,
      },
    });
    log.info({ taskQueue, requestsPerSecond: wanted ?? null }, 'queue rate set');
  } catch (error) {
    // Servers before 1.29 cannot; the permits keep the limit without it.
    log.warn({ taskQueue, error: explain(error) }, 'queue rate not set');
  }
}
