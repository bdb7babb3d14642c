import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bin = fileURLToPath(new URL('../../bin/syncline.js', import.meta.url));

/** `syncline` as a user starts it, with this environment and nothing else of ours. */
export function runSyncline(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const own = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { env: { ...own, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
