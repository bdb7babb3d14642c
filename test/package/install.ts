import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** What a command printed; its output is in the error when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  // Of this run only what a person's shell has: nothing of jest or npm, whose settings a child npm would take over.
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const { stdout, stderr } = await exec(command, args, { cwd, env, maxBuffer: 16e6 }).catch((error: unknown) => {
    const { stdout: said = '', stderr: warned = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${said}\n${warned}`, { cause: error });
  });
  return `${stdout}${stderr}`;
}

const notPacked = new Set(['node_modules', 'dist', '.git', '.syncline', 'test', 'docs', 'bench']);

/** The tarball of `npm pack`, made from a copy of the sources: its build begins with an empty dist/. */
export async function pack(folder: string): Promise<string> {
  const sources = join(folder, 'sources');
  await cp(checkout, sources, {
    recursive: true,
    filter: (path) => !notPacked.has(path.slice(checkout.length).split('/')[0] ?? ''),
  });
  await symlink(join(checkout, 'node_modules'), join(sources, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], sources);
  return join(folder, 'syncline-0.1.0.tgz');
}

/** An empty folder with the package installed, and what its projects have beside it. */
export async function installed(folder: string, tarball: string): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(project);
  const { peerDependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ dependencies: { syncline: `file:${tarball}` }, devDependencies: peerDependencies }),
  );
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], project);
  return project;
}
