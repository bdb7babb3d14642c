import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricMeter } from '@temporalio/common';
import type { Pool } from 'pg';
import { SECOND } from '../core/duration.ts';

const EVERY_MS = 5 * SECOND;

/** What this process takes: memory, the event loop's lag, connections. Returns what ends the measuring. */
export function watchProcess(
  meter: MetricMeter,
  {
    pool,
    worker,
  }: {
    readonly pool: Pool;
    /** Undefined: it is no worker, and the number of workers must not rise with it. */
    readonly worker?: { readonly version: string; readonly buildId: string | undefined };
  },
): () => void {
  if (worker !== undefined)
    meter
      .createGauge('syncline_build_info', 'int', undefined, 'Always 1')
      .set(1, { version: worker.version, build_id: worker.buildId ?? '' });
  const resident = meter.createGauge('process_resident_memory_bytes', 'int', undefined, 'Memory of this process');
  const heap = meter.createGauge('nodejs_heap_size_used_bytes', 'int', undefined, 'Of it, in use by JavaScript');
  const lag = meter.createGauge('nodejs_eventloop_lag_p99_seconds', 'float', undefined, 'Of the last seconds');
  const connections = meter.createGauge('syncline_database_connections', 'int', undefined, 'Of the pool, by state');
  const waiting = meter.createGauge('syncline_database_waiting', 'int', undefined, 'Work waiting for a connection');
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const measure = (): void => {
    const { rss, heapUsed } = process.memoryUsage();
    resident.set(rss);
    heap.set(heapUsed);
    // Until it has measured something it says NaN.
    lag.set((delay.percentile(99) || 0) / 1e9);
    delay.reset();
    connections.set(pool.idleCount, { state: 'idle' });
    connections.set(pool.totalCount - pool.idleCount, { state: 'busy' });
    waiting.set(pool.waitingCount);
  };
  measure();
  const timer = setInterval(measure, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
