import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { InvalidInput } from '../core/errors.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/**
 * PostgreSQL refuses to run as root. Root lends it an account that is there already, so nothing is added to the system;
 * everyone else runs it as themselves (undefined).
 */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const id = async (flag: string): Promise<number> => Number((await run('id', [flag, name])).stdout);
    try {
      return { uid: await id('-u'), gid: await id('-g') };
    } catch {
      // The next name.
    }
  }
  throw new InvalidInput(
    'PostgreSQL refuses to run as root and there is neither a user "postgres" nor "nobody": ' +
      'run as another user, create one (useradd --system postgres), or set DATABASE_URL',
  );
}

/** Whether this user may pass through every folder above `path`: a checkout under a 0700 /root is the usual no. */
export async function canReach(user: User, path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const entry = await stat(folder).catch(() => undefined);
    if (entry !== undefined) {
      const bit = entry.uid === user.uid ? 0o100 : entry.gid === user.gid ? 0o010 : 0o001;
      if ((entry.mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}
