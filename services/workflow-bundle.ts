import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { GiveUp } from '../core/errors.ts';
import { workflowsPath } from '../workers/workflow-source.ts';
import { stderrOf } from './stderr-of.ts';

export interface BundleOptions {
  readonly cacheDir: string;
  /** The file that exports the workflows; the product's when absent. */
  readonly index?: string | undefined;
}

const KEEP = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
const ending = extname(import.meta.url);
const require = createRequire(import.meta.url);
const run = promisify(execFile);

/** Path of the workflow bundle, built once per content in a process of its own: webpack's memory is not ours to keep. */
export async function cachedWorkflowBundle({ cacheDir, index = workflowsPath() }: BundleOptions): Promise<string> {
  // The process that builds it works in another folder.
  const folder = resolve(cacheDir, 'workflow-bundles');
  const path = join(folder, `${await contentHash(index)}.js`);
  if (existsSync(path)) {
    await utimes(path, new Date(), new Date());
    return path;
  }
  const loader = ending === '.ts' ? ['--import', pathToFileURL(require.resolve('tsx')).href] : [];
  const script = join(root, 'scripts', `bundle-workflows${ending}`);
  try {
    await run(process.execPath, [...loader, script, path, index], { cwd: root });
  } catch (cause) {
    throw new GiveUp(`the workflow bundle could not be built\n${stderrOf(cause)}`, { cause });
  }
  await removeOldest(folder);
  return path;
}

/** What workflows import: a change of these is another bundle. */
export const bundledRooms = ['core', 'messages'] as const;

/** Of everything that shapes the bundle: workflows, what they import, the SDK, and the versions of all the rest. */
async function contentHash(index: string): Promise<string> {
  const hash = createHash('sha256').update(require('@temporalio/worker/package.json').version).update(index);
  for (const folder of [dirname(index), ...bundledRooms.map((room) => join(root, room))])
    for (const file of await filesBelow(folder)) hash.update(relative(folder, file)).update(await readFile(file));
  const lock = [join(root, 'package-lock.json'), join(root, '..', 'package-lock.json')].find((file) =>
    existsSync(file),
  );
  if (lock !== undefined) hash.update(await readFile(lock));
  return hash.digest('hex').slice(0, 24);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && (entry.name.endsWith(ending) || entry.name.endsWith('.cjs')))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted();
}

/** Newest by use. A bundle in use is read when its worker starts and may go afterwards. */
async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const used = new Map<string, number>();
  for (const name of names)
    used.set(
      name,
      await stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    );
  const oldest = names.toSorted((a, b) => (used.get(b) ?? 0) - (used.get(a) ?? 0)).slice(KEEP);
  for (const name of oldest) await rm(join(folder, name), { force: true });
}
