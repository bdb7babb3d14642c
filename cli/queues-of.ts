import { readQueueRate, viewOfQueue } from '../client/queue-rate.ts';
import { SECOND } from '../core/duration.ts';
import type { QueueView } from '../core/limits-view.ts';
import type { CommandContext } from './command.ts';
import { withTemporal } from './context.ts';

/** Each partner's task queue, as Temporal tells of it. */
export interface Queues {
  readonly views: ReadonlyMap<string, QueueView>;
  /** Why nothing is known of them; null: it is. */
  readonly trouble: string | null;
}

/** People wait for the answer. To connect and to ask takes some hundredths of a second where all is well. */
const PATIENCE_MS = 2 * SECOND;

/** What is asked is worth having without Temporal too: it is waited for no longer than two seconds. */
export async function queuesOf(config: CommandContext['config'], partners: readonly string[]): Promise<Queues> {
  if (partners.length === 0) return { views: new Map(), trouble: null };
  const deadlineMs = Date.now() + PATIENCE_MS;
  try {
    return await withTemporal(
      config,
      async (client) => {
        const { workflowService } = client;
        const { namespace } = client.options;
        const ask = async (partner: string): Promise<readonly [string, QueueView]> => {
          const of = { workflowService, namespace, taskQueue: config.names.partnerQueue(partner) };
          return [partner, viewOfQueue(await readQueueRate(of))];
        };
        const views = await client.connection.withDeadline(deadlineMs, () => Promise.all(partners.map(ask)));
        return { views: new Map(views), trouble: null };
      },
      { patienceMs: PATIENCE_MS },
    );
  } catch {
    return {
      views: new Map(),
      trouble: `Temporal did not answer within ${PATIENCE_MS / SECOND} s: whether somebody has paused a task queue there is not shown`,
    };
  }
}
