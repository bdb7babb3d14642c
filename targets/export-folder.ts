import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseJson } from '../core/json.ts';

/** In the folder of an export: which one it is, wherever the folder is moved to. */
export const MARKER = 'export.json';

/** What an export is written to, hidden beside its folder, begins with this. */
export const besideOf = (folder: string, id: string): string => `.${basename(folder)}.${id}.`;

/** The id of the export that is in a folder; undefined: none, or it says nothing of it. */
export async function exportIn(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, MARKER), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const found = parseJson(text);
    const id = typeof found === 'object' && found !== null && 'export' in found ? found.export : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Removes what an export that never was complete left beside its folder. */
export async function removeUnfinished(folder: string, id: string): Promise<void> {
  const beside = besideOf(folder, id);
  const names = await readdir(dirname(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((each) => each.startsWith(beside))) {
    // In one step: whoever still writes there finds it gone, and does not give a half of it its name.
    const taken = join(dirname(folder), `${beside}erased`);
    await rm(taken, { recursive: true, force: true });
    if (name !== basename(taken)) await rename(join(dirname(folder), name), taken);
    await rm(taken, { recursive: true, force: true });
  }
}
