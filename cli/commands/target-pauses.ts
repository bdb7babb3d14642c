import { tellTarget } from '../../client/tell-target.ts';
import { explain } from '../../core/errors.ts';
import { STORE } from '../../definitions/targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import { listTargetStates, pauseTarget, resumeTarget } from '../../store/target-states.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { describeTargetPause } from '../describe-target.ts';
import { exitCodes } from '../exit.ts';
import { loadDeclared, type Declared } from '../named-places.ts';
import { givenReason, whoami } from '../person.ts';

export async function targetsPause({
  config,
  output,
  options,
  name,
}: CommandContext<{ readonly reason: string }> & { readonly name: string }): Promise<number> {
  const reason = givenReason(options.reason);
  const { targets, places } = await loadDeclared(config);
  if (!isLoaded(name, { targets, places })) throw unknownTarget(name, [...targets.keys()]);
  const { pause, isNew } = await withDatabase(config, (pool) =>
    pauseTarget(pool, { target: name, reason, by: whoami() }),
  );
  output.json({ pause, isNew });
  output.say(`${name}: ${isNew ? 'now' : 'already'} ${describeTargetPause(pause)}`);
  if (name === STORE) output.say('Only histories wait: its other tables are written with the records.');
  output.say(
    `A load under way is finished. Partners are read as before; \`syncline targets resume ${name}\` loads what comes meanwhile.`,
  );
  return exitCodes.ok;
}

export async function targetsResume({
  config,
  output,
  name,
}: CommandContext & { readonly name: string }): Promise<number> {
  // One that is no longer declared must be resumable too.
  const { targets, places } = await loadDeclared(config);
  const [ended, behind] = await withDatabase(config, async (pool) => {
    const pause = await resumeTarget(pool, name);
    if (pause === undefined && !isLoaded(name, { targets, places })) throw unknownTarget(name, [...targets.keys()]);
    const wanted = places.filter(({ target }) => target === name);
    const lags = await listTargetStates(pool, { wanted });
    return [pause, lags.filter((lag) => lag.behind > 0 || lag.error !== null)] as const;
  });
  const trouble = await withTemporal(config, (client) =>
    Promise.all(
      behind.map(({ target, partner, stream }) =>
        tellTarget(client, { names: config.names, target, partner, stream, signal: 'goOn' }),
      ),
    ),
  ).then(() => null, explain);
  const woken = behind.map(({ partner, stream }) => `${partner}.${stream}`);
  output.json({ ended: ended ?? null, woken: trouble === null ? woken : [], trouble });
  output.say(ended === undefined ? `${name} was not paused.` : `${name}: no longer ${describeTargetPause(ended)}`);
  if (behind.length === 0) output.say('Nothing is left to load.');
  else if (trouble === null) output.say(`Loading now: ${woken.join(', ')}`);
  else
    output.say(
      `Temporal could not be reached (${trouble}): ${woken.join(', ')} go on with the next page that comes; or run this again.`,
    );
  return trouble === null ? exitCodes.ok : exitCodes.failed;
}

/** The store's own tables are not, but histories that are there. */
const isLoaded = (name: string, { targets, places }: Pick<Declared, 'targets' | 'places'>): boolean =>
  targets.has(name) || (name === STORE && places.some(({ target }) => target === STORE));
