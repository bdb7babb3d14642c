import { createLogger } from '../../workers/logger.ts';
import { frugalHeap } from '../../workers/heap.ts';
import { startHealth, type Health } from '../../workers/health.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { awaitDatabase } from '../require-database.ts';
import { untilStopped } from '../until-stopped.ts';

export async function worker({ config, output, options }: CommandContext<{ role: string[] }>): Promise<number> {
  frugalHeap();
  const log = createLogger(config.logLevel);
  // Its first queues are polled while the others still start: a signal must find it listening.
  const stop = new AbortController();
  const stopped = untilStopped().then(() => stop.abort());
  const { signal } = stop;
  const workers = await awaitDatabase(config, { log, signal })
    .then(() => startWorkers({ config, log, roles: options.role, signal }))
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  // A connection that is still on its way has nothing to lose, and may take its time.
  if (workers === undefined) process.exit(exitCodes.ok);
  let health: Health | undefined;
  try {
    if (config.healthAddress !== undefined) {
      health = await startHealth(config.healthAddress, {
        problems: () => workers.problems(),
        notes: () => workers.notes(),
      });
      log.info({ url: health.url }, 'answering probes at /healthz and /readyz');
    }
    output.json({ pid: process.pid, roles: options.role, healthUrl: health?.url ?? null });
    await Promise.race([stopped, workers.ended]);
    log.info('ending: grants end at their next page');
  } finally {
    await workers.stop();
    await health?.close();
  }
  return exitCodes.ok;
}
