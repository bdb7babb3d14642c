import type { Pool } from 'pg';
import type { Metrics } from '../core/metrics.ts';
import { streamWaits, type StreamWaits } from '../store/waiting/list-waiting.ts';

/** Returns what looks at how much waits of each stream, and tells the metrics of it. */
export function observeWaiting({
  pool,
  metrics,
}: {
  readonly pool: Pool;
  readonly metrics: Metrics;
}): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly StreamWaits[] = [];
  return async () => {
    const waits = await streamWaits(pool);
    for (const { partner, stream } of told)
      if (!waits.some((one) => one.partner === partner && one.stream === stream))
        metrics.waitingObserved({ partner, stream }, { records: 0, overdue: 0 });
    for (const { partner, stream, records, overdue } of waits)
      metrics.waitingObserved({ partner, stream }, { records, overdue });
    told = waits;
  };
}
