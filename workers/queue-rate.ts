import type { NativeConnection } from '@temporalio/worker';
import { readQueueRate, setQueueRate } from '../client/queue-rate.ts';
import { SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import { shouldSet, wantedRate } from '../core/queue-rate.ts';
import type { Limits } from '../definitions/definition.ts';
import type { Log } from '../http/log.ts';

/** How often each worker looks after the queues of its partners. */
export const QUEUE_CHECK_MS = 30 * SECOND;

/**
 * Sets the server-side rate of a partner's queue to the defined rate of requests: each grant makes at least one, so
 * this never slows a partner down, and a fleet that starts all at once is dispatched no faster than it may ask. Permits
 * keep the exact limit. The governor's rates and pauses are left alone until their end has passed; then its governor is
 * gone, and any worker puts the queue right. What a person has set, such as 0 for a pause, is never touched.
 */
export async function keepQueueRate(input: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly partner: string;
  readonly limits: Limits;
  /** What people have set for the rate while everything runs. */
  readonly override: number | undefined;
  readonly log: Log;
}): Promise<void> {
  const { connection, namespace, taskQueue, partner, limits, override, log } = input;
  const queue = { workflowService: connection.workflowService, namespace, taskQueue };
  const cap = limits.rate === undefined ? undefined : (override ?? limits.rate);
  const nowMs = Date.now();
  const wanted = wantedRate({
    rate: cap === undefined ? undefined : cap / (limits.per / SECOND),
    factor: 1,
    pause: undefined,
    nowMs,
  });
  try {
    const present = await readQueueRate(queue);
    if (!shouldSet(present, wanted, { as: 'worker', nowMs })) return;
    await setQueueRate(queue, wanted);
    log.info(
      { partner, requestsPerSecond: wanted.rate ?? null, before: present.rate ?? null, beforeBy: present.reason },
      'queue rate set',
    );
  } catch (error) {
    // Servers before 1.29 cannot; the permits keep the limit without it.
    log.warn({ partner, error: explain(error) }, 'queue rate not set');
  }
}
