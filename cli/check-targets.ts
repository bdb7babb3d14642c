import { isServed } from '../client/missing-pollers.ts';
import type { TargetDefinition } from '../definitions/targets.ts';
import { checkTarget, type CheckedTarget } from './check-target.ts';
import type { CommandContext } from './command.ts';
import { withTemporal } from './context.ts';

/** Opens each of them, beside the workers that may have it. */
export async function checkTargets(
  config: CommandContext['config'],
  targets: ReadonlyMap<string, TargetDefinition>,
): Promise<readonly CheckedTarget[]> {
  if (targets.size === 0) return [];
  const served = await servedNow(config, [...targets.keys()]);
  const owner = config.names.controlSchema;
  return Promise.all(
    [...targets].map(([name, definition]) => checkTarget(name, { definition, owner, served: served?.has(name) })),
  );
}

/** Those that a worker serves; undefined: Temporal does not tell. */
const servedNow = (
  config: CommandContext['config'],
  targets: readonly string[],
): Promise<ReadonlySet<string> | undefined> =>
  withTemporal(config, async (client) => {
    const served = await Promise.all(targets.map((target) => isServed(client, config.names, target)));
    return new Set(targets.filter((_, i) => served[i]));
  }).catch(() => undefined);
