import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { tellGovernor, wakeLooks, wakeStreams } from '../../client/governor.ts';
import { readQueueRate, setQueueRate, viewOfQueue, type QueueOf } from '../../client/queue-rate.ts';
import { parseDuration } from '../../core/duration.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import type { QueueView } from '../../core/limits-view.ts';
import { DEFINED, pauseIn } from '../../core/queue-rate.ts';
import { closest } from '../../definitions/closest.ts';
import type { Partner } from '../../definitions/definition.ts';
import { loadPartner } from '../../definitions/load.ts';
import { streamPartner } from '../../definitions/stream-partner.ts';
import { bucketsOf, type Bucket } from '../../limits/declare/bucket.ts';
import { credentialOf } from '../../limits/declare/credential.ts';
import { endOverrides, liftBlock, listChanges, setOverride } from '../../limits/watch/overrides.ts';
import { readLimits } from '../../limits/watch/usage.ts';
import { openStreamRuns } from '../../store/ledger/open-runs.ts';
import { openLooks } from '../../store/reconcile/open-looks.ts';
import { describeBucket, printLimits } from '../print-limits.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';

type Named<O = object> = CommandContext<O & { stream?: string }> & { readonly partner: string };
const SHOWN_CHANGES = 5;

export async function limitsShow({ config, output, options, partner: name }: Named): Promise<number> {
  const partner = await load(config, name, options.stream);
  const [[limits, changes], queue] = await Promise.all([
    withDatabase(config, (pool) =>
      Promise.all([readLimits(pool, partner), listChanges(pool, credentialOf(partner), SHOWN_CHANGES)]),
    ),
    withTemporal(config, async (client) =>
      viewOfQueue(await readQueueRate(queueOf(client, config.names.partnerQueue(name)))),
    ).catch(explain),
  ]);
  output.json({ ...limits, queue: typeof queue === 'string' ? null : queue, changes });
  printLimits(output, { limits, queue, changes });
  const others = ownAuths(partner);
  if (options.stream === undefined && others.length > 0)
    output.say(`With an \`auth\` of their own, and so with limits of their own: ${others.join(', ')} (--stream NAME).`);
  return exitCodes.ok;
}

export async function limitsSet(
  context: Named<{ reason: string; for?: string }> & { readonly bucket: string; readonly value: string },
): Promise<number> {
  const { config, output, options, partner: name, value } = context;
  const reason = givenReason(options.reason);
  const forMs = options.for === undefined ? null : durationOf(options.for);
  const partner = await load(config, name, options.stream);
  const bucket = bucketOf(partner, context.bucket);
  const cap = capOf(bucket, value);
  return withDatabase(config, async (pool) => {
    const credential = credentialOf(partner);
    const until = await setOverride(pool, { credential, bucket: bucket.name, cap, reason, by: whoami(), forMs });
    const followed = await follow(context, pool);
    output.json({ partner: name, bucket: bucket.name, cap, declared: bucket.cap, until, reason, ...followed });
    if (cap > bucket.cap)
      output.say(
        `CAUTION: ${cap} is above the ${bucket.cap} that the definition declares: the partner may refuse calls.`,
      );
    output.say(
      `${name} ${bucket.name}: ${describeBucket(bucket, cap)} from the next permit on, ${until === null ? `until \`syncline limits reset ${name} ${bucket.name}\`` : `until ${until}`}; the definition says ${bucket.cap}.`,
    );
    output.say('It holds for every partner with the same credential.');
    sayFollowed(context, followed);
    return exitCodes.ok;
  });
}

export async function limitsReset(
  context: Named<{ reason: string; block?: boolean; yes?: boolean }> & { readonly bucket: string | undefined },
): Promise<number> {
  const { config, output, options, partner: name } = context;
  const reason = givenReason(options.reason);
  if (options.block === true && options.yes !== true)
    throw new InvalidInput(
      `--block lets calls go out before ${name} said so, which it may punish: add --yes if that is agreed with them`,
    );
  const partner = await load(config, name, options.stream);
  const bucket = context.bucket === undefined ? null : bucketOf(partner, context.bucket).name;
  return withDatabase(config, async (pool) => {
    const credential = credentialOf(partner);
    const ended = await endOverrides(pool, { credential, bucket, reason, by: whoami() });
    const lifted =
      options.block === true ? await liftBlock(pool, { credential, partner: name, reason, by: whoami() }) : null;
    const followed = await follow(context, pool);
    output.json({ partner: name, ended, lifted, reason, ...followed });
    output.say(ended.length === 0 ? 'No limit was overridden.' : `As the definition says again: ${ended.join(', ')}.`);
    if (lifted !== null) output.say(`Lifted: ${lifted.cause}, which would have lasted until ${lifted.until}.`);
    else if (options.block === true) output.say('Nothing was blocked.');
    sayFollowed(context, followed);
    return exitCodes.ok;
  });
}

interface Followed {
  readonly queue: QueueView | null;
  readonly woken: readonly string[];
  /** Why Temporal could not be reached. */
  readonly trouble: string | null;
}

/** The limiter follows by itself. Here: the governor, the queue's pause, and streams that wait for the old limits. */
async function follow({ config, partner }: Named, pool: Pool): Promise<Followed> {
  try {
    return await withTemporal(config, async (client) => {
      const [streams, looks] = [await openStreamRuns(pool, { partner }), await openLooks(pool, partner)];
      // Before the streams: a pause of ours that stands would hold what they send.
      const queue = await resume(queueOf(client, config.names.partnerQueue(partner)));
      await tellGovernor(client, { names: config.names, partner, signal: 'refresh', news: null });
      // One at work may just have seen the old limits.
      const told = await wakeStreams(
        client,
        streams.map(({ syncId }) => syncId),
      );
      const toldLooks = await wakeLooks(client, looks);
      const resting = new Set([
        ...streams.filter(({ rests }) => rests).map(({ syncId }) => syncId),
        ...looks.filter(({ waits }) => waits).map(({ reconciliation }) => reconciliation),
      ]);
      return { queue, woken: [...told, ...toldLooks].filter((id) => resting.has(id)), trouble: null };
    });
  } catch (error) {
    return { queue: null, woken: [], trouble: explain(error) };
  }
}

/** Our own pause ends now; the governor sets it anew if it still has a reason, and the right rate. */
async function resume(queue: QueueOf): Promise<QueueView> {
  const present = await readQueueRate(queue);
  if (pauseIn(present) === null) return viewOfQueue(present);
  await setQueueRate(queue, { rate: undefined, reason: DEFINED });
  return viewOfQueue({ rate: undefined, reason: undefined });
}

function sayFollowed({ config, output, partner }: Named, { queue, woken, trouble }: Followed): void {
  if (trouble !== null)
    output.say(
      `Temporal could not be reached (${trouble}): permits follow at once, waiting streams go on when their waits end.`,
    );
  if (woken.length > 0) output.say(`Asked to go on now: ${woken.join(', ')}`);
  if (queue?.foreign === true && queue.rate === 0)
    output.say(
      `The task queue stays paused: a person has set that (${queue.reason ?? 'no reason given'}). It ends with: temporal task-queue config set --task-queue ${config.names.partnerQueue(partner)} --task-queue-type activity --queue-rps-limit default`,
    );
}

/** `stream`: as that one asks, whose `auth` may be its own. */
async function load(config: Named['config'], name: string, stream: string | undefined): Promise<Partner> {
  const partner = await loadPartner(name, { dir: config.partnersDir, env: config.env });
  if (stream === undefined) return partner;
  const streams = Object.keys(partner.streams);
  if (!streams.includes(stream))
    throw new InvalidInput(
      `--stream: ${name} has no stream ${JSON.stringify(stream)}; its streams are ${streams.join(', ')}`,
    );
  return streamPartner(partner, stream);
}

const ownAuths = ({ streams }: Partner): readonly string[] =>
  Object.keys(streams).filter((name) => streams[name]?.auth !== undefined);

const queueOf = (client: Client, taskQueue: string): QueueOf => ({
  workflowService: client.workflowService,
  namespace: client.options.namespace,
  taskQueue,
});

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidInput(`--for: expected a duration such as 30m, 2h, 1d, found ${JSON.stringify(text)}`);
  return ms;
}

function bucketOf(partner: Partner, name: string): Bucket {
  const buckets = bucketsOf(partner.limits);
  const found = buckets.find((bucket) => bucket.name === name);
  if (found !== undefined) return found;
  const names = buckets.map((bucket) => bucket.name);
  const near = closest(name, names);
  const cure =
    names.length === 0
      ? 'its definition declares none, and only a declared limit can be changed'
      : near === undefined
        ? `it has ${names.join(', ')}`
        : `did you mean "${near}"?`;
  throw new InvalidInput(`${partner.name} has no limit ${JSON.stringify(name)}; ${cure}`);
}

function capOf(bucket: Bucket, text: string): number {
  const value = Number(text);
  const whole = bucket.kind !== 'rate';
  if (!Number.isFinite(value) || value <= 0 || (whole && !Number.isSafeInteger(value)))
    throw new InvalidInput(
      `${bucket.name}: expected a ${whole ? 'whole ' : ''}number above 0, found ${JSON.stringify(text)}`,
    );
  return value;
}
