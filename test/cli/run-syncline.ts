import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bin = fileURLToPath(new URL('../../bin/syncline.js', import.meta.url));
/** Compiled by test/setup.ts: it starts in a third of the time of the sources. */
export const compiledCli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `syncline` as a user starts it, with this environment and nothing else of ours. */
export const runSyncline = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> =>
  run(compiledCli, args, env);

/** The same from the sources, as in a checkout. */
export const runFromSources = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> =>
  run(bin, args, env);

/** Starts it, and ends it by SIGKILL as soon as `when` has come. Fails if it ends before. */
export async function killSyncline(
  args: readonly string[],
  { env, when }: { readonly env: Readonly<Record<string, string>>; readonly when: () => Promise<boolean> },
): Promise<void> {
  const child = spawn(process.execPath, [compiledCli, ...args], { env: { ...ownEnv(), ...env }, stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  while (child.exitCode === null && child.signalCode === null && !(await when()));
  child.kill('SIGKILL');
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error(`syncline ${args.join(' ')} ended by itself, with ${code}`);
}

export const ownEnv = (): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
});

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...ownEnv(), ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
