import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { NeedsAttention } from '../../core/errors.ts';

/** A worker that can be killed, and is then started again. */
export interface KilledWorker {
  /** SIGKILL, and a new one. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKilledWorker(env: Readonly<Record<string, string>>): Promise<KilledWorker> {
  let worker = await started(env);
  return {
    kill: async () => {
      const ended = once(worker, 'exit');
      worker.kill('SIGKILL');
      await ended;
      worker = await started(env);
    },
    stop: async () => {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      const ended = once(worker, 'exit');
      worker.kill('SIGKILL');
      await ended;
    },
  };
}

/** The same program as this one, as `syncline worker`. Resolves when it asks for work. */
async function started(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, 'worker'], {
    env: {
      SYNCLINE_LOG_LEVEL: 'info',
      SYNCLINE_METRICS_ADDRESS: '',
      SYNCLINE_HEALTH_ADDRESS: '',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const { stderr } = child;
  return new Promise((resolve, reject) => {
    if (stderr !== null)
      createInterface({ input: stderr }).on('line', (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (line.includes('worker started')) resolve(child);
      });
    child.once('exit', (code) => {
      reject(new NeedsAttention(`the worker ended with ${code} before it began:\n${lines.join('\n')}`));
    });
  });
}

const KEPT_LINES = 5;
