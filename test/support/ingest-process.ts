import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface IngestProcess {
  readonly pid: number;
  /** Where it listens. Rejects where it ended before. */
  readonly url: Promise<string>;
  /** Resolves when it has ended, by whatever cause, with its exit code. */
  readonly ended: Promise<number | null>;
  logged(): string;
  signal(signal: NodeJS.Signals): void;
}

/** Compiled by test/setup.ts. */
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `syncline ingest` as a process of its own, as production runs it. It ends with the test file. */
export function startIngestProcess(input: {
  readonly env: Readonly<Record<string, string>>;
  readonly address?: string;
}): IngestProcess {
  const child = spawn(process.execPath, [program, 'ingest', '--address', input.address ?? '127.0.0.1:0'], {
    env: { ...process.env, NODE_OPTIONS: '', SYNCLINE_LOG_LEVEL: 'info', ...input.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const ended = once(child, 'exit').then(() => child.exitCode);
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.includes('ingest started')) resolve((JSON.parse(line) as { url: string }).url);
    });
    void ended.then(() => reject(new Error(`ingest ended before it was ready:\n${lines.slice(-5).join('\n')}`)));
  });
  url.catch(() => {});
  return {
    pid: child.pid ?? 0,
    url,
    ended,
    logged: () => lines.join('\n'),
    signal: (signal) => void child.kill(signal),
  };
}
