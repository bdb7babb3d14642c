import { createHash, randomBytes } from 'node:crypto';
import { chown, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { GiveUp, InvalidInput } from '../core/errors.ts';
import { canReach } from './unprivileged-user.ts';
import type { User } from './unprivileged-user.ts';

/** What we keep beside PostgreSQL's own files. The folder is 0700, so the password is its owner's alone. */
const note = z.object({ password: z.string().min(1), durable: z.boolean() });
export type FolderNote = z.output<typeof note>;

const NOTE = 'syncline.json';
export const clean = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' } as const;
const run = promisify(execFile);

/** Opens a data folder, or makes one: built beside its place and renamed, so that a crash leaves no half-made cluster. */
export async function openFolder(folder: {
  readonly dataDir: string;
  readonly durable: boolean;
  readonly initdb: string;
  readonly user: User | undefined;
}): Promise<FolderNote> {
  const { dataDir, durable } = folder;
  if ((await lstat(join(dataDir, 'PG_VERSION')).catch(() => undefined)) === undefined) await create(folder);
  const found = note.parse(JSON.parse(await readFile(join(dataDir, NOTE), 'utf8').catch(() => notOurs(dataDir))));
  if (found.durable !== durable)
    throw new InvalidInput(
      `${dataDir} was made as ${found.durable ? 'durable' : 'throwaway'} and is opened as the other: use another folder`,
    );
  await removeStalePid(dataDir);
  return found;
}

/** The folder itself, or when this user cannot get there, one that it can: always the same one for the same path. */
export async function reachableFolder(dataDir: string, user: User | undefined): Promise<string> {
  if (user === undefined || (await canReach(user, dataDir))) return dataDir;
  const name = `syncline-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
  // /var/tmp survives a reboot, /tmp does not (FHS 3.0, 5.15).
  const folder = join('/var/tmp', name);
  const found = await lstat(folder).catch(() => undefined);
  if (found !== undefined && (!found.isDirectory() || found.uid !== user.uid))
    throw new InvalidInput(`${folder} belongs to someone else: choose a data folder that others may pass through`);
  return folder;
}

async function create({ dataDir, durable, initdb, user }: Parameters<typeof openFolder>[0]): Promise<void> {
  const fresh = `${dataDir}.new-${process.pid}`;
  const passwordFile = `${dataDir}.new-${process.pid}.password`;
  const password = randomBytes(16).toString('hex');
  try {
    await mkdir(dirname(dataDir), { recursive: true });
    await mkdir(fresh, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (user !== undefined) for (const path of [fresh, passwordFile]) await chown(path, user.uid, user.gid);
    const flags = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const speed = durable ? [] : ['--no-sync'];
    await run(initdb, [`--pgdata=${fresh}`, ...access, ...flags, ...speed], { cwd: '/', env: { ...clean }, ...user });
    const text = JSON.stringify({ password, durable } satisfies FolderNote);
    await writeFile(join(fresh, NOTE), text, { mode: 0o600 });
    await rename(fresh, dataDir);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    throw new GiveUp(`initdb could not make ${dataDir}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * PostgreSQL takes over the postmaster.pid of a dead server by itself, except when the pid has come to belong to another
 * process of the same user: usual in containers, where pids start again from 1.
 */
async function removeStalePid(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const command = await run('ps', ['-o', 'args=', '-p', String(pid)])
    .then(({ stdout }) => stdout)
    .catch(() => '');
  if (command.includes(dataDir))
    throw new InvalidInput(`${dataDir} is in use by a running server (pid ${pid}): stop that one first`);
  if (command !== '') await rm(file, { force: true });
}

function notOurs(dataDir: string): never {
  throw new InvalidInput(`${dataDir} holds a PostgreSQL cluster that syncline did not make: use another folder`);
}
