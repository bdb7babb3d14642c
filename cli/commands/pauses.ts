import { SECOND } from '../../core/duration.ts';
import { describePause, resumeCommand, type PersonPause } from '../../core/person-pause.ts';
import { findPartner } from '../../definitions/find.ts';
import { PAUSE_SEEN_MS } from '../../limits/watch/pauses.ts';
import type { OpenStreamRun } from '../../store/ledger/open-runs.ts';
import { endPauses, orderPause, readPauses, type OrderPause } from '../../store/pauses.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { controlTarget, refuseEnded, type ControlTarget } from '../control-target.ts';
import { exitCodes } from '../exit.ts';
import { showInTemporal, wakePaused, whenAtRest, type Concerned } from '../pausing.ts';
import { givenReason, whoami } from '../person.ts';

interface PauseOptions {
  readonly reason: string;
  readonly now?: boolean;
}
type OfRun<O> = CommandContext<O & { readonly stream?: string }> & { readonly id: string };
type OfPartner<O> = CommandContext<O> & { readonly partner: string };

/** Workers see it within this; a page under way may take longer. */
const PATIENCE_MS = 2 * PAUSE_SEEN_MS + 2 * SECOND;

export async function runsPause(context: OfRun<PauseOptions>): Promise<number> {
  const { config, options, id } = context;
  const reason = givenReason(options.reason);
  return withDatabase(config, async (pool) => {
    const target = await controlTarget(pool, config.names, { id, stream: options.stream });
    refuseEnded(target, 'pause');
    const order = { scope: target.scope, target: target.id, partner: target.partner } as const;
    return pause({ ...context, pool }, { ...order, reason }, concernedBy(target));
  });
}

export async function partnersPause(context: OfPartner<PauseOptions>): Promise<number> {
  const { config, options, partner } = context;
  const reason = givenReason(options.reason);
  await findPartner(partner, config.partnersDir);
  return withDatabase(config, (pool) =>
    pause({ ...context, pool }, { scope: 'partner', target: partner, partner, reason }, { partner }),
  );
}

async function pause(
  context: CommandContext<PauseOptions> & { readonly pool: Parameters<typeof orderPause>[0] },
  order: Omit<OrderPause, 'by' | 'atOnce'>,
  concerned: Concerned,
): Promise<number> {
  const { output, options, pool } = context;
  const { pause: held, isNew } = await orderPause(pool, { ...order, by: whoami(), atOnce: options.now === true });
  const streams = await whenAtRest(pool, concerned, PATIENCE_MS);
  const trouble = await showInTemporal(context, pool, order.partner);
  output.json({ pause: held, isNew, streams, trouble });
  output.say(`${isNew ? 'Now' : 'Already'} ${describePause(held)}`);
  for (const stream of streams) output.say(`  ${stateOf(stream)}`);
  if (trouble !== null) output.say(`It holds, but the Temporal UI does not show it: ${trouble}.`);
  output.say(`It ends with \`${resumeCommand(held)}\`; every stream then goes on from where it stands.`);
  return exitCodes.ok;
}

const stateOf = ({ stream, pages, rests, kind }: OpenStreamRun): string =>
  !rests
    ? `${stream}: at a page still, or without a worker; it stops with page ${pages + 1}`
    : kind === 'paused'
      ? `${stream}: stopped after page ${pages}`
      : `${stream}: waits for something else after page ${pages}, and stops when that is over`;

export async function runsResume(context: OfRun<{ readonly reason?: string }>): Promise<number> {
  const { config, options, id } = context;
  return withDatabase(config, async (pool) => {
    const target = await controlTarget(pool, config.names, { id, stream: options.stream });
    return resume({ ...context, pool }, pausesOf(target), concernedBy(target));
  });
}

export async function partnersResume(context: OfPartner<{ readonly reason: string }>): Promise<number> {
  const { config, options, partner } = context;
  givenReason(options.reason);
  // One whose definition is gone must be resumable too.
  return withDatabase(config, (pool) =>
    resume({ ...context, pool }, [{ scope: 'partner', target: partner }], { partner }),
  );
}

async function resume(
  context: CommandContext<{ readonly reason?: string }> & { readonly pool: Parameters<typeof endPauses>[0] },
  targets: Parameters<typeof endPauses>[1]['targets'],
  concerned: Concerned,
): Promise<number> {
  const { output, options, pool } = context;
  const reason = options.reason === undefined ? 'resumed' : givenReason(options.reason);
  const ended = await endPauses(pool, { targets, by: whoami(), reason });
  const { woken, trouble } = await wakePaused(context, pool, concerned);
  const left = (await readPauses(pool, concerned.partner)).filter((held) => stillHolds(held, concerned));
  output.json({ ended, woken, left, trouble });
  if (ended.length === 0) output.say('It was not paused.');
  for (const held of ended) output.say(`Goes on; it was ${describePause(held)}`);
  for (const held of left) output.say(`Still ${describePause(held)}; that ends with \`${resumeCommand(held)}\``);
  if (ended.length > 0 && woken.length > 0) output.say(`Asked to go on now: ${woken.join(', ')}`);
  if (trouble !== null) output.say(`Temporal could not be reached (${trouble}): streams go on within 10 minutes.`);
  return exitCodes.ok;
}

/** Wider ones, and for a partner those of its runs. */
const stillHolds = ({ scope, target }: PersonPause, { runId, syncId }: Concerned): boolean =>
  scope === 'partner' || (runId === undefined && syncId === undefined) || target === runId || target === syncId;

/** A run that is resumed goes on with all its streams. */
export const pausesOf = ({ scope, id, streams }: ControlTarget): Parameters<typeof endPauses>[1]['targets'] => [
  { scope, target: id },
  ...(scope === 'run' ? streams.map(({ syncId }) => ({ scope: 'stream' as const, target: syncId })) : []),
];

export function concernedBy({ scope, id, partner, run, streams }: ControlTarget): Concerned {
  if (scope === 'run') return { partner, runId: id };
  const runId = streams[0] === undefined ? run?.runId : streams[0].runId;
  return { partner, syncId: id, ...(runId === undefined || runId === null ? {} : { runId }) };
}
