import type { Pool } from 'pg';
import { readQueueRate, viewOfQueue } from '../../client/queue-rate.ts';
import type { LimitsView, QueueView } from '../../core/limits-view.ts';
import { loadPartner } from '../../definitions/load.ts';
import { readLimits } from '../../limits/usage.ts';
import { statusOfStreams, type StreamStatus } from '../../warehouse/postgres/inspect.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { describeQueue, describeStanding, describeUse } from '../print-limits.ts';

/** What holds for all streams of a partner. */
interface Standing {
  /** Null: its definition does not load. */
  readonly limits: LimitsView | null;
  /** Null: Temporal does not tell. */
  readonly queue: QueueView | null;
}

export async function status({ config, output }: CommandContext): Promise<number> {
  const { streams, standings } = await withDatabase(config, async (pool) => {
    const streams = await statusOfStreams(pool);
    return { streams, standings: await standingsOf(config, pool, [...new Set(streams.map(({ partner }) => partner))]) };
  });
  output.json(
    streams.map((stream) => {
      const { limits, queue } = standings.get(stream.partner) ?? nothing;
      return {
        ...stream,
        limits: limits?.buckets ?? null,
        factor: limits?.factor ?? null,
        circuit: limits?.circuit ?? null,
        queue,
      };
    }),
  );
  if (streams.length === 0) {
    output.say('No stream has been synced yet: `syncline sync PARTNER` starts.');
    return exitCodes.ok;
  }
  output.table(
    streams.map((stream) => ({
      stream: `${stream.partner}.${stream.stream}`,
      now: stateOf(stream),
      'last outcome': stream.lastOutcome ?? 'never run',
      finished: stream.lastFinishedAt?.slice(0, 19),
      watermark: stream.watermark?.slice(0, 26),
      events: stream.events,
      waiting: stream.waiting,
      quarantined: stream.quarantined,
    })),
    ['stream', 'now', 'last outcome', 'finished', 'watermark', 'events', 'waiting', 'quarantined'],
  );
  for (const stream of streams) {
    if (stream.lastReason !== null) output.say(`${stream.partner}.${stream.stream}: ${stream.lastReason}`);
    if (stream.deferredCause !== null) output.say(`${stream.partner}.${stream.stream} waits: ${stream.deferredCause}`);
  }
  for (const [partner, standing] of standings) for (const line of linesOf(partner, streams, standing)) output.say(line);
  return exitCodes.ok;
}

const stateOf = ({ running, deferredUntil }: StreamStatus): string =>
  deferredUntil !== null ? `deferred until ${deferredUntil}` : running ? 'running' : '';

function linesOf(partner: string, streams: readonly StreamStatus[], { limits, queue }: Standing): readonly string[] {
  const blockedUntil = streams.find((stream) => stream.partner === partner)?.blockedUntil ?? null;
  const unread = blockedUntil === null ? [] : [`${partner}: nobody calls it before ${blockedUntil}`];
  const use = describeUse(limits?.buckets ?? []);
  const odd = queue !== null && (queue.paused !== null || queue.foreign);
  return [
    ...(limits === null ? unread : describeStanding(limits)),
    ...(use === '' ? [] : [`${partner}: used ${use}`]),
    ...(odd ? [`${partner}: task queue ${describeQueue(queue)}`] : []),
  ];
}

const nothing: Standing = { limits: null, queue: null };

async function standingsOf(
  config: CommandContext['config'],
  pool: Pool,
  partners: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  if (partners.length === 0) return new Map();
  const [queues, limits] = await Promise.all([
    queuesOf(config, partners),
    Promise.all(
      partners.map((name) =>
        loadPartner(name, { dir: config.partnersDir, env: config.env }).then(
          (partner) => readLimits(pool, partner),
          () => null,
        ),
      ),
    ),
  ]);
  return new Map(
    partners.map((name, i) => [name, { limits: limits[i] ?? null, queue: queues.get(name) ?? null }] as const),
  );
}

/** Status is worth having without Temporal too. */
async function queuesOf(
  config: CommandContext['config'],
  partners: readonly string[],
): Promise<ReadonlyMap<string, QueueView>> {
  try {
    return await withTemporal(config, async (client) => {
      const { workflowService } = client;
      const namespace = client.options.namespace;
      const views = await Promise.all(
        partners.map(async (partner) => viewOfQueue(await readQueueRate({ workflowService, namespace, partner }))),
      );
      return new Map(partners.map((partner, i) => [partner, views[i] as QueueView]));
    });
  } catch {
    return new Map();
  }
}
