import { createLogger } from '../../workers/logger.ts';
import { frugalHeap } from '../../workers/heap.ts';
import { startHealth, type Health } from '../../workers/health.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { requireDatabase } from '../require-database.ts';
import { untilStopped } from '../until-stopped.ts';

export async function worker({ config, output, options }: CommandContext<{ role: string[] }>): Promise<number> {
  frugalHeap();
  await requireDatabase(config);
  const log = createLogger(config.logLevel);
  // Its first queues are polled while the others still start: a signal must find it listening.
  const stop = new AbortController();
  const stopped = untilStopped().then(() => stop.abort());
  const workers = await startWorkers({ config, log, roles: options.role, signal: stop.signal }).catch(
    (error: unknown) => {
      if (!stop.signal.aborted) throw error;
    },
  );
  if (workers === undefined) return exitCodes.ok;
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
