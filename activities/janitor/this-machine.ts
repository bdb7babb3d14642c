import { hostname } from 'node:os';
import { explain } from '../../core/errors.ts';
import type { JanitorMode } from '../../core/leftover.ts';
import { noteStaging, noteStagingRemoved } from '../../store/janitor/staging-notes.ts';
import type { JanitorDeps } from './janitor-deps.ts';
import { removeStagingFile, stagingFiles } from './staging-files.ts';

export interface LookedAtMachine {
  /** Paths. */
  readonly removed: readonly string[];
  readonly troubles: readonly string[];
}

type Here = Pick<JanitorDeps, 'pool' | 'folders' | 'now'>;

/**
 * What a worker does for its own machine: notes the temporary files that nobody has written to for a day, and removes them where it is told to. Noted first, so that a report names also what is removed; killed in between, the next look goes on.
 */
export async function lookAtThisMachine(
  { pool, ...where }: Here,
  { mode, host = hostname() }: { readonly mode: JanitorMode; readonly host?: string },
): Promise<LookedAtMachine> {
  const files = await stagingFiles(where);
  await noteStaging(pool, { host, files });
  const looked: { removed: string[]; troubles: string[] } = { removed: [], troubles: [] };
  if (mode === 'report') return looked;
  for (const { path } of files)
    try {
      await removeStagingFile(path);
      await noteStagingRemoved(pool, { host, path });
      looked.removed.push(path);
    } catch (error) {
      // Of another user, perhaps: the others go all the same.
      looked.troubles.push(`${path}: not removed: ${explain(error)}`);
    }
  return looked;
}
