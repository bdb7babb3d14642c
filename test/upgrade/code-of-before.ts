import { execFile } from 'node:child_process';
import { cp, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

export const COMMIT = '3ef18e3';

/** Whether the history reaches back so far: a shallow clone has only the newest commits. */
export const isInHistory = (): Promise<boolean> =>
  run('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: root }).then(
    () => true,
    () => false,
  );

export interface CodeOfBefore {
  /** Its `syncline`, compiled. */
  readonly program: string;
  readonly workflowBundle: string;
  remove(): Promise<void>;
}

/** The sources of that commit, compiled in a folder of their own. */
export async function codeOfBefore(): Promise<CodeOfBefore> {
  const folder: TemporaryFolder = await temporaryFolder();
  const { path } = folder;
  await run('sh', ['-c', `git archive ${COMMIT} | tar -x -C "$0"`, path], { cwd: root });
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '--noCheck'], { cwd: path });
  for (const name of await readdir(join(path, 'client')))
    if (name.endsWith('.cjs')) await cp(join(path, 'client', name), join(path, 'dist/client', name));
  await cp(join(path, 'store/migrations'), join(path, 'dist/store/migrations'), { recursive: true });
  const workflowBundle = join(path, 'dist/workflow-bundle.js');
  await run(process.execPath, ['dist/scripts/bundle-workflows.js', workflowBundle], { cwd: path });
  return { program: join(path, 'dist/cli/main.js'), workflowBundle, remove: () => folder.remove() };
}
