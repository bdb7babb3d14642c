import { dirname, resolve } from 'node:path';
import { checkTargets, placedIn } from './check-targets.ts';
import { findTargets } from './find.ts';
import type { Environment } from './interpolate.ts';
import type { LoadFrom } from './load.ts';
import { loadChecked } from './load-checked.ts';
import { secretsOf } from './secrets.ts';
import { targetsFile, type TargetDefinition } from './targets.ts';

/** The targets of an installation beside the store's own tables. */
export interface LoadedTargets {
  /** undefined: there is no such file, and no target. */
  readonly file: string | undefined;
  /** With absolute paths. */
  readonly targets: ReadonlyMap<string, TargetDefinition>;
  /** What it took from secrets that may change while we run. */
  readonly changeable: Environment;
}

/** Reads, fills in and checks `targets.yaml`; everything that is wrong with it comes in one InvalidInput. */
export async function loadTargets({ dir, env, secrets = secretsOf(env) }: LoadFrom): Promise<LoadedTargets> {
  const file = await findTargets(dir);
  if (file === undefined) return { file, targets: new Map(), changeable: {} };
  const folder = resolve(dirname(file));
  const { value, changeable } = await loadChecked(file, {
    schema: targetsFile,
    secrets,
    check: ({ targets }) => checkTargets(targets, folder),
  });
  const placed = Object.entries(value.targets).map(([name, target]) => [name, placedIn(folder, target)] as const);
  return { file, targets: new Map(placed), changeable };
}
