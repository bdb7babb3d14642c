import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND } from '../../core/duration.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { startChildServer, type ChildServer } from '../../services/child-server.ts';

/** A worker that can be killed, and is then started again. It ends with this process, however that ends. */
export interface KilledWorker {
  /** SIGKILL, and a new one. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKilledWorker(env: Readonly<Record<string, string>>): Promise<KilledWorker> {
  let worker = await started(env);
  return {
    kill: async () => {
      await worker.kill();
      worker = await started(env);
    },
    stop: () => worker.kill(),
  };
}

const PATIENCE_MS = 60 * SECOND;

/** The same program as this one, as `syncline worker`. Resolves when it asks for work. */
async function started(env: Readonly<Record<string, string>>): Promise<ChildServer> {
  const [, program = ''] = process.argv;
  const told = new AbortController();
  const worker = startChildServer({
    command: process.execPath,
    args: [...process.execArgv, program, 'worker'],
    cwd: process.cwd(),
    // Its first line is waited for, and it takes no port that a worker beside it may have.
    env: { ...env, SYNCLINE_LOG_LEVEL: 'info', SYNCLINE_METRICS_ADDRESS: '', SYNCLINE_HEALTH_ADDRESS: '' },
    stopSignal: 'SIGTERM',
    orphanSignal: 'QUIT',
    onLine: (line) => {
      if (line.includes('worker started')) told.abort();
    },
  });
  const began = await Promise.race([
    once(told.signal, 'abort').then(() => true),
    worker.exited.then(() => false),
    sleep(PATIENCE_MS, false, { ref: false }),
  ]);
  if (began) return worker;
  await worker.kill();
  throw new NeedsAttention(`the worker did not begin:\n${worker.lastLines()}`);
}
