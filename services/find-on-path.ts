import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Every executable of this name, in the order of the PATH. */
export async function findOnPath(name: string, pathEnv: string): Promise<readonly string[]> {
  const found: string[] = [];
  // An empty entry would mean the current folder (POSIX, 8.3 PATH): never run what happens to lie there.
  for (const folder of pathEnv.split(delimiter).filter((entry) => entry.startsWith('/'))) {
    const file = join(folder, name);
    if (await isExecutable(file)) found.push(file);
  }
  return found;
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
