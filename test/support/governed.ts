import type { Client } from '@temporalio/client';
import { tellGovernor } from '../../client/governor.ts';
import { readQueueRate, type QueueOf } from '../../client/queue-rate.ts';
import { pauseIn, type QueueRate } from '../../core/queue-rate.ts';
import { loadPartner } from '../../definitions/load.ts';
import { credentialOf } from '../../limits/declare/credential.ts';
import type { Scene } from '../workflows/scene.ts';
import { eventually } from './eventually.ts';
import { plainNames } from '../../messages/names.ts';

export const queueOf = (client: Client, partner: string): QueueOf => ({
  workflowService: client.workflowService,
  namespace: client.options.namespace,
  taskQueue: plainNames.partnerQueue(partner),
});

/** As a worker does that was refused for so long; its stream tells the governor. Returns when the block ends, ISO. */
export async function refuse(
  scene: Scene,
  partner: string,
  waitMs: number,
  { told = true }: { readonly told?: boolean } = {},
): Promise<string> {
  const definition = await loadPartner(partner, { dir: scene.partnersDir, env: {} });
  const { rows } = await scene.pool.query<{ until: Date }>('select block_credential($1, $2, $3, $4, false) as until', [
    credentialOf(definition),
    partner,
    waitMs,
    'answered 429',
  ]);
  const until = (rows[0] as { until: Date }).until.toISOString();
  if (told)
    await tellGovernor(scene.client, {
      names: plainNames,
      partner,
      signal: 'throttled',
      news: { until, cause: 'answered 429' },
    });
  return until;
}

/**
 * Moves the end of a block, once the queue is paused for it: a pause is only made of a block of ten seconds or more, and how soon
 * it is made depends on the machine. Returns when the pause ends, ISO, as the queue has it by then.
 */
export async function endBlockIn(scene: Scene, partner: string, ms: number): Promise<string> {
  await queueWhen(scene.client, partner, isPaused);
  const { rows } = await scene.pool.query<{ until: Date }>(
    `update credentials set blocked_until = date_trunc('milliseconds', clock_timestamp()) + $2 * interval '1 ms'
      where partner = $1 returning blocked_until as until`,
    [partner, ms],
  );
  const until = (rows[0] as { until: Date }).until.toISOString();
  await tellGovernor(scene.client, { names: plainNames, partner, signal: 'refresh', news: null });
  await queueWhen(scene.client, partner, (queue) => pauseIn(queue)?.until === until);
  return until;
}

/** The queue once it is as the test wants it; fails when that does not come. */
export async function queueWhen(
  client: Client,
  partner: string,
  holds: (queue: QueueRate) => boolean,
  patienceMs?: number,
): Promise<QueueRate> {
  let last: QueueRate = { rate: undefined, reason: undefined };
  await eventually(async () => {
    last = await readQueueRate(queueOf(client, partner));
    return holds(last);
  }, patienceMs).catch((late: unknown) => {
    throw new Error(`the queue of ${partner} stayed as ${JSON.stringify(last)}`, { cause: late });
  });
  return last;
}

export const isPaused = (queue: QueueRate): boolean => pauseIn(queue) !== null;
export const isDefined = ({ rate, reason }: QueueRate): boolean =>
  rate === 500 && reason === 'syncline: rate of the definition';
