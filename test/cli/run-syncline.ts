import { execFile } from 'node:child_process';
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

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const own = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...own, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
