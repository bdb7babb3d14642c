import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { stillRunning } from '../client/governor.ts';
import { readQueueRate, setQueueRate, viewOfQueue, type QueueOf } from '../client/queue-rate.ts';
import { SECOND } from '../core/duration.ts';
import { explain, InvalidInput } from '../core/errors.ts';
import type { LimitsView } from '../core/limits-view.ts';
import { pauseOf } from '../core/pause.ts';
import { pauseIn, shouldSet, wantedRate } from '../core/queue-rate.ts';
import type { Partner } from '../definitions/definition.ts';
import type { LookInput, Look } from '../messages/look.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** One look of the governor: notes the use, raises alerts, and sets the queue to what follows. Safe to repeat. */
export async function lookAtLimits(deps: ActivityDeps, client: Client, input: LookInput): Promise<Look> {
  const partner = await partnerOf(deps, input.partner);
  const { view, raised } = await deps.observeLimits(partner);
  deps.metrics?.limitsObserved(partner.name, {
    usedShares: view.buckets.map(({ name, used, effective }) => ({
      limit: name,
      share: effective > 0 ? used / effective : 1,
    })),
    limits: view.buckets.map(({ name, left, resetsAt, goneAt }) => ({
      limit: name,
      left,
      resetsAtMs: resetsAt === null ? null : Date.parse(resetsAt),
      goneAtMs: goneAt === null ? null : Date.parse(goneAt),
    })),
    blocked: view.blocked !== null || view.circuit?.state === 'open',
  });
  for (const { message, bucket, level } of raised)
    log.warn(`limit of ${partner.name}: ${message}`, { partner: partner.name, bucket, level });
  const [steered, running] = await Promise.all([
    steerQueue(
      {
        workflowService: client.workflowService,
        namespace: client.options.namespace,
        taskQueue: deps.names.partnerQueue(partner.name),
      },
      partner.name,
      view,
    ),
    stillRunning(client, input.runs),
  ]);
  return { limits: view, running, ...steered };
}

async function partnerOf(deps: ActivityDeps, name: string): Promise<Partner> {
  const [stream] = (await deps.partners.streams(name)).values();
  if (stream === undefined) throw new InvalidInput(`partner ${name} has no streams`);
  return stream.partner;
}

async function steerQueue(queue: QueueOf, partner: string, view: LimitsView): Promise<Pick<Look, 'queue' | 'pause'>> {
  const nowMs = Date.parse(view.at);
  try {
    const present = await readQueueRate(queue);
    const pause = pauseOf(view, { nowMs, paused: pauseIn(present) !== null });
    const wanted = wantedRate({ rate: requestsPerSecond(view), factor: view.factor, pause, nowMs });
    if (!shouldSet(present, wanted, { as: 'governor', nowMs }))
      return { queue: viewOfQueue(present), pause: pauseIn(present) };
    await setQueueRate(queue, wanted);
    log.info('queue rate set', {
      partner,
      requestsPerSecond: wanted.rate ?? null,
      reason: wanted.reason,
    });
    return { queue: viewOfQueue(wanted), pause: pauseIn(wanted) };
  } catch (error) {
    // The permits keep the limits without it.
    log.warn('queue rate not set', { partner, error: explain(error) });
    return { queue: null, pause: null };
  }
}

/** Before any cut. */
function requestsPerSecond({ buckets }: LimitsView): number | undefined {
  const rate = buckets.find(({ kind }) => kind === 'rate');
  if (rate?.periodMs == null) return undefined;
  return (rate.override?.cap ?? rate.declared) / (rate.periodMs / SECOND);
}
