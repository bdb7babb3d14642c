import type { Client } from '@temporalio/client';
import { readQueueBacklog } from '../client/queue-backlog.ts';
import { listSchedules, presentOf } from '../client/schedules.ts';
import type { Metrics } from '../core/metrics.ts';
import { listPartners } from '../definitions/find.ts';
import type { Names } from '../messages/names.ts';

interface ObserveTemporal {
  readonly client: Client;
  readonly names: Names;
  readonly metrics: Metrics;
}

/** Returns what looks at how long grants have waited in the queue of each partner, and tells the metrics of it. */
export function observeQueues({
  client,
  names,
  metrics,
  dir,
}: ObserveTemporal & { readonly dir: string }): () => Promise<void> {
  let told: readonly string[] = [];
  return async () => {
    const partners = await listPartners(dir);
    for (const gone of told) if (!partners.includes(gone)) metrics.queueObserved(gone, { waiting: 0, oldestSecs: 0 });
    told = partners;
    // One after the other: the server has other work.
    for (const partner of partners) {
      const backlog = await readQueueBacklog({
        workflowService: client.workflowService,
        namespace: client.options.namespace,
        taskQueue: names.partnerQueue(partner),
      });
      if (backlog !== undefined) metrics.queueObserved(partner, backlog);
    }
  };
}

/** Returns what looks at which schedules are paused or have missed slots, and tells the metrics of it. */
export function observeSchedules({ client, names, metrics }: ObserveTemporal): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly { readonly partner: string; readonly schedule: string }[] = [];
  return async () => {
    const seen = (await listSchedules(client, names)).map((description) => {
      const { declared, paused } = presentOf(description);
      const { info } = description;
      return {
        of: { partner: declared.partner, schedule: declared.name },
        standing: {
          paused,
          missedSlots: info.numActionsMissedCatchupWindow,
          skippedSlots: info.numActionsSkippedOverlap,
          nextMs: info.nextActionTimes[0]?.getTime() ?? null,
        },
      };
    });
    for (const { of, standing } of seen) metrics.scheduleObserved(of, standing);
    for (const gone of told)
      if (!seen.some(({ of }) => of.partner === gone.partner && of.schedule === gone.schedule))
        metrics.scheduleObserved(gone, { paused: false, missedSlots: 0, skippedSlots: 0, nextMs: null });
    told = seen.map(({ of }) => of);
  };
}
