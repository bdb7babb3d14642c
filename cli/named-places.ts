import { explain } from '../core/errors.ts';
import type { Partner } from '../definitions/definition.ts';
import { loadTargets, type LoadedTargets } from '../definitions/load-targets.ts';
import { checkNamedTargets, targetsOf } from '../definitions/named-targets.ts';
import type { TargetPlace } from '../store/target-states.ts';
import type { CommandContext } from './command.ts';
import { loadPromises } from './promises.ts';

/** Each stream in each target that it names. */
export const placesOf = (partners: Iterable<Partner>): readonly TargetPlace[] =>
  [...partners].flatMap((partner) =>
    Object.keys(partner.streams).flatMap((stream) =>
      targetsOf(partner, stream).map((target) => ({ target, partner: partner.name, stream })),
    ),
  );

export interface Declared extends LoadedTargets {
  readonly places: readonly TargetPlace[];
  /** Partners whose definitions do not load, or name what there is not. */
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
}

/** What is declared, and who names it. */
export async function loadDeclared(config: CommandContext['config']): Promise<Declared> {
  const from = { dir: config.partnersDir, env: config.env };
  const loaded = await loadTargets(from);
  const { definitions, broken } = await loadPromises(config);
  const wrong = await Promise.all(
    [...definitions.values()].map((partner) =>
      checkNamedTargets(partner, from).then(
        () => [],
        (error: unknown) => [{ partner: partner.name, problem: explain(error) }],
      ),
    ),
  );
  return { ...loaded, places: placesOf(definitions.values()), broken: [...broken, ...wrong.flat()] };
}
