import { explain } from '../core/errors.ts';
import { loadTargets, type LoadedTargets } from '../definitions/load-targets.ts';
import { checkNamedTargets, placesOf } from '../definitions/named-targets.ts';
import type { TargetPlace } from '../store/target-states.ts';
import type { CommandContext } from './command.ts';
import { loadPromises } from './promises.ts';

export interface Declared extends LoadedTargets {
  readonly places: readonly TargetPlace[];
  /** Partners whose definitions do not load. */
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
  /** Of partners that name a target that there is not, what is wrong. */
  readonly unknown: readonly string[];
}

/** What is declared, and who names it. */
export async function loadDeclared(config: CommandContext['config']): Promise<Declared> {
  const from = { dir: config.partnersDir, env: config.env };
  const loaded = await loadTargets(from);
  const { definitions, broken } = await loadPromises(config);
  const unknown = await Promise.all(
    [...definitions.values()].map((partner) =>
      checkNamedTargets(partner, from).then(
        () => [],
        (error: unknown) => [explain(error)],
      ),
    ),
  );
  return { ...loaded, places: placesOf(definitions.values()), broken, unknown: unknown.flat() };
}
