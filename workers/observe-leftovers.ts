import type { Pool } from 'pg';
import type { Metrics } from '../core/metrics.ts';
import { leftByKind } from '../store/janitor/left-behind.ts';

/** Returns what looks at the last report of the janitor, and tells the metrics of it. */
export function observeLeftovers({
  pool,
  metrics,
}: {
  readonly pool: Pool;
  readonly metrics: Metrics;
}): () => Promise<void> {
  return async () => metrics.leftoversObserved(await leftByKind(pool));
}
