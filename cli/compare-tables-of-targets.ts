import { isHistory, streamOf } from '../core/table-name.ts';
import { STORE } from '../definitions/targets.ts';
import type { TargetPlace } from '../store/target-states.ts';
import type { CommandContext } from './command.ts';
import { compareInTarget, expectServed } from './compare-in-target.ts';
import { comparisonLines, differing } from './comparison-lines.ts';
import { withDatabase, withTemporal } from './context.ts';

/** Tables in other warehouses, of streams that were read. */
export const placesElsewhere = (
  places: readonly TargetPlace[],
  read: readonly Pick<TargetPlace, 'partner' | 'stream'>[],
): readonly TargetPlace[] =>
  places.filter(
    (place) =>
      place.target !== STORE &&
      read.some(({ partner, stream }) => partner === place.partner && stream === streamOf(place.stream)),
  );

/** A history that the store has no table of has nothing to be compared with but the log. */
export const isComparable = ({ partner, stream }: TargetPlace, places: readonly TargetPlace[]): boolean =>
  !isHistory(stream) ||
  places.some((other) => other.target === STORE && other.partner === partner && other.stream === stream);

/** Throws what is wrong with a table in another warehouse, or why nothing is proven. */
export async function comparedElsewhere(config: CommandContext['config'], place: TargetPlace): Promise<string> {
  const { target, partner, stream } = place;
  const of = await withTemporal(config, async (client) => {
    await expectServed({ client, names: config.names }, target);
    const { names, heartbeatTimeoutMs } = config;
    return withDatabase(config, (pool) => compareInTarget({ client, pool, names, heartbeatTimeoutMs }, place));
  });
  if (of.verdict === 'clean')
    return `${(of.targetRows ?? 0).toLocaleString('en-US')} rows as in the store${of.inFlight === 0 ? '' : `; ${of.inFlight.toLocaleString('en-US')} are in flight`}`;
  const lines = comparisonLines(of);
  if (differing(of) > 0)
    lines.push(
      `\`syncline targets compared ${of.id}\` names them, \`syncline targets compare ${target} ${partner}.${stream} --heal\` makes the table anew`,
    );
  throw new Error(lines.join('\n'));
}
