import type { Pool } from 'pg';
import type { Metrics, StreamLabels } from '../core/metrics.ts';
import { streamsBreaking } from '../store/rules/broken-rules.ts';

/** Returns what looks at how many places break the rules of each stream, and tells the metrics of it. */
export function observeRules({
  pool,
  metrics,
}: {
  readonly pool: Pool;
  readonly metrics: Metrics;
}): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly StreamLabels[] = [];
  return async () => {
    const breaking = await streamsBreaking(pool);
    for (const { partner, stream } of told)
      if (!breaking.some((one) => one.partner === partner && one.stream === stream))
        metrics.rulesObserved({ partner, stream }, { broken: 0 });
    for (const { partner, stream, broken } of breaking)
      metrics.rulesObserved({ partner, stream }, { broken: broken.reduce((sum, { places }) => sum + places, 0) });
    told = breaking;
  };
}
