import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when the process polls every queue it should. */
  readonly ready: Promise<void>;
  /** When its last call of a partner was answered (performance.now()); 0 if none was: tells who holds the grant. */
  lastAnswerAt(): number;
  /** All that it has logged. */
  logged(): string;
  /** Resolves with its exit code when it has ended, by whatever cause; null: by a signal. */
  readonly ended: Promise<number | null>;
  /** SIGKILL; waits for the end. */
  kill(): Promise<void>;
  /** SIGTERM; waits for the end. Returns the exit code. */
  stop(): Promise<number | null>;
}

/** Compiled by test/setup.ts: it starts in half the time of the sources. */
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `syncline worker` as a process of its own, as production runs it. It ends with the test file. */
export function startWorkerProcess(input: {
  readonly env: Readonly<Record<string, string>>;
  /** The last queue it starts to poll. */
  readonly readyQueue: string;
  readonly roles?: readonly string[];
  /** Of another version. */
  readonly program?: string;
}): WorkerProcess {
  const child = spawn(
    process.execPath,
    [input.program ?? program, 'worker', ...(input.roles ?? []).flatMap((role) => ['--role', role])],
    {
      env: { ...process.env, NODE_OPTIONS: '', SYNCLINE_LOG_LEVEL: 'info', ...input.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const lines: string[] = [];
  let answeredAt = 0;
  const ended = once(child, 'exit').then(() => child.exitCode);
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"partner answered"')) answeredAt = performance.now();
      if (line.includes('worker started') && line.includes(`"${input.readyQueue}"`)) resolve();
    });
    void ended.then(() => reject(new Error(`the worker ended before it was ready:\n${lines.slice(-5).join('\n')}`)));
  });
  ready.catch(() => {});
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  const stop = async (): Promise<number | null> => {
    await end('SIGTERM');
    return child.exitCode;
  };
  return {
    pid: child.pid ?? 0,
    lastAnswerAt: () => answeredAt,
    logged: () => lines.join('\n'),
    ready,
    ended,
    kill: () => end('SIGKILL'),
    stop,
  };
}
