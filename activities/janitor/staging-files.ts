import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DAY } from '../../core/duration.ts';
import type { Leftover } from '../../core/leftover.ts';
import { isStagingName } from '../../core/staging-names.ts';
import type { JanitorDeps } from './janitor-deps.ts';

/** A search for duplicates ends within twelve hours, and writes all the time; a large answer has a name for a moment. */
const DEAD_MS = DAY;

type Where = Pick<JanitorDeps, 'folders' | 'now'>;

interface StagingFile {
  readonly path: string;
  readonly since: string;
}

/** On this machine only. */
export async function stagingFiles({ folders, now }: Where): Promise<readonly StagingFile[]> {
  const found: StagingFile[] = [];
  for (const folder of new Set(folders))
    for (const name of (await namesIn(folder)).filter(isStagingName).toSorted()) {
      const path = join(folder, name);
      const writtenMs = await lastWritten(path);
      if (writtenMs !== undefined && now() - writtenMs > DEAD_MS)
        found.push({ path, since: new Date(writtenMs).toISOString() });
    }
  return found;
}

/** With its machine: the same path may be on another one, too. */
export const placeOfFile = (path: string, host = hostname()): string => `${host} ${path}`;

export const stagingLeftovers = async (where: Where): Promise<readonly Leftover[]> =>
  (await stagingFiles(where)).map(({ path, since }) => ({
    kind: 'staging-file',
    place: placeOfFile(path),
    count: 1,
    since,
  }));

/**
 * Removes the files that nobody has written to for a day, and returns the places of those that are gone: also those of `named` that an
 * attempt before has removed, and did not come to note.
 */
export async function removeStagingFiles(where: Where, named: readonly string[]): Promise<readonly string[]> {
  const gone = new Set<string>();
  for (const { path } of await stagingFiles(where)) {
    await removeStagingFile(path);
    gone.add(placeOfFile(path));
  }
  const here = placeOfFile('');
  for (const place of named)
    if (place.startsWith(here) && (await lastWritten(place.slice(here.length))) === undefined) gone.add(place);
  return [...gone];
}

export const removeStagingFile = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });

/** The newest of a file, or of all that is in a folder; undefined: it is gone. */
async function lastWritten(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return found?.mtimeMs;
  const inside = await Promise.all((await namesIn(path)).map((name) => lastWritten(join(path, name))));
  return Math.max(found.mtimeMs, ...inside.map((ms) => ms ?? 0));
}
