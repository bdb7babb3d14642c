import { viewOfQueue } from '../client/queue-rate.ts';
import { SECOND } from '../core/duration.ts';
import type { QueueView } from '../core/limits-view.ts';
import type { CommandContext } from './command.ts';

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
    const [{ openUnaryCalls }, { askQueueRate }] = await Promise.all([
      import('../client/unary-call.ts'),
      import('../client/ask-queue-rate.ts'),
    ]);
    const { temporalAddress: address, temporalNamespace: namespace } = config;
    const calls = await openUnaryCalls({ address, namespace, deadlineMs });
    try {
      const ask = async (partner: string): Promise<readonly [string, QueueView]> => [
        partner,
        viewOfQueue(await askQueueRate(calls, { namespace, taskQueue: config.names.partnerQueue(partner) })),
      ];
      return { views: new Map(await Promise.all(partners.map(ask))), trouble: null };
    } finally {
      calls.close();
    }
  } catch {
    return {
      views: new Map(),
      trouble: `Temporal did not answer within ${PATIENCE_MS / SECOND} s: whether somebody has paused a task queue there is not shown`,
    };
  }
}
