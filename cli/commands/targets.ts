import { loadTargets } from '../../definitions/load-targets.ts';
import { STORE } from '../../definitions/targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import { listTargetPauses, listTargetStates, type TargetLag } from '../../store/target-states.ts';
import { checkTargets } from '../check-targets.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import {
  describeChanged,
  describeLag,
  describeLeftOut,
  describeTargetPause,
  storeItself,
  whereOf,
} from '../describe-target.ts';
import { exitCodes } from '../exit.ts';
import { loadDeclared } from '../named-places.ts';

export async function targetsList({ config, output }: CommandContext): Promise<number> {
  const { targets, places, broken, unknown } = await loadDeclared(config);
  const [lags, pauses] = await withDatabase(config, (pool) =>
    Promise.all([listTargetStates(pool, { wanted: places }), listTargetPauses(pool)]),
  );
  const rows = [...targets].map(([target, definition]) => ({
    target,
    kind: definition.type,
    where: whereOf(definition),
    paused: pauses.find((pause) => pause.target === target) ?? null,
    streams: lags.filter((lag) => lag.target === target),
  }));
  // Its tables are written with the records; histories are loaded.
  const histories = lags.filter((lag) => lag.target === STORE);
  const pause = pauses.find(({ target }) => target === STORE) ?? null;
  output.json([{ ...storeItself, paused: pause, streams: null, histories }, ...rows]);
  output.table(
    [
      { ...storeItself, streams: 'all', now: pause === null ? nowOf(histories) : describeTargetPause(pause) },
      ...rows.map(({ paused, streams, ...row }) => ({
        ...row,
        streams: streams.length,
        now: paused === null ? nowOf(streams) : describeTargetPause(paused),
      })),
    ],
    ['target', 'kind', 'where', 'streams', 'now'],
  );
  if (targets.size === 0)
    output.say(`No other is declared: \`targets.yaml\` in ${config.partnersDir} does that (docs/targets.md).`);
  const nowMs = Date.now();
  for (const lag of [...histories, ...rows.flatMap(({ streams }) => streams)]) {
    output.say(`${lag.target}: ${lag.partner}.${lag.stream} ${describeLag(lag, nowMs)}`);
    if (lag.error !== null) output.say(`  failed at ${lag.errorAt?.slice(0, 19)}: ${lag.error}`);
    for (const note of [describeChanged(lag), describeLeftOut(lag)]) if (note !== null) output.say(`  ${note}`);
  }
  for (const { target, streams } of rows)
    if (streams.length === 0)
      output.say(`${target}: no stream names it; \`targets: [${target}]\` in a definition does that`);
  for (const problem of [...broken.map((each) => each.problem), ...unknown]) output.say(`\n${problem}`);
  return broken.length + unknown.length > 0 ? exitCodes.failed : exitCodes.ok;
}

const nowOf = (streams: readonly TargetLag[]): string => {
  const failing = streams.filter(({ error }) => error !== null).length;
  const behind = streams.filter((lag) => lag.behind > 0).length;
  const lacking = streams.filter(({ leftOut }) => leftOut !== null).length;
  if (failing > 0) return `${failing} failing`;
  if (behind > 0) return `${behind} behind`;
  return lacking > 0 ? `${lacking} without some events` : '';
};

/** Opens each, or one of them. */
export async function targetsCheck({
  config,
  output,
  name,
}: CommandContext & { readonly name: string | undefined }): Promise<number> {
  const { targets } = await loadTargets({ dir: config.partnersDir, env: config.env });
  if (name !== undefined && !targets.has(name)) throw unknownTarget(name, [...targets.keys()]);
  const checked = await checkTargets(
    config,
    name === undefined ? targets : new Map([...targets].filter(([own]) => own === name)),
  );
  output.json(checked);
  if (checked.length === 0)
    output.say(`None is declared: \`targets.yaml\` in ${config.partnersDir} does that (docs/targets.md).`);
  else
    output.table(
      checked.map((each) => ({ ...each })),
      ['target', 'kind', 'state', 'says'],
    );
  return checked.some(({ state }) => state === 'problem') ? exitCodes.failed : exitCodes.ok;
}
