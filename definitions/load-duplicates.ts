import { checkDuplicates, type KnownStreams } from './check-duplicates.ts';
import { DUPLICATES, duplicatesFile, type DuplicateSettings } from './duplicates.ts';
import { findFile } from './find.ts';
import type { LoadFrom } from './load.ts';
import { loadChecked } from './load-checked.ts';
import { secretsOf } from './secrets.ts';

export interface LoadedDuplicates {
  /** undefined: there is no such file, and nothing is looked for. */
  readonly file: string | undefined;
  /** By name, in the order of the file. */
  readonly settings: ReadonlyMap<string, DuplicateSettings>;
}

/** Reads, fills in and checks `duplicates.yaml`; everything that is wrong with it comes in one InvalidInput. */
export async function loadDuplicates(
  { dir, env, secrets = secretsOf(env) }: LoadFrom,
  known?: KnownStreams,
): Promise<LoadedDuplicates> {
  const file = await findFile(dir, DUPLICATES);
  if (file === undefined) return { file, settings: new Map() };
  const { value } = await loadChecked(file, {
    schema: duplicatesFile,
    secrets,
    check: (found) =>
      Object.entries(found).flatMap(([name, settings]) =>
        checkDuplicates(settings, known).map((problem) => ({ ...problem, path: [name, ...problem.path] })),
      ),
  });
  return { file, settings: new Map(Object.entries(value)) };
}
