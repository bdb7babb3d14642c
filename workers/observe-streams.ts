import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import type { Metrics, StreamLabels } from '../core/metrics.ts';
import { listPartners } from '../definitions/find.ts';
import { observedStreams, type ObservedInStore } from '../store/inspect/observed-streams.ts';

/** Returns what looks at how fresh each defined stream is, what its definition promises and what is in quarantine, and tells the metrics of it. */
export function observeStreams({
  dir,
  partners,
  pool,
  metrics,
}: {
  readonly dir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly metrics: Metrics;
}): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly StreamLabels[] = [];
  return async () => {
    const seenNow: StreamLabels[] = [];
    const stored = new Map<string, ObservedInStore>();
    for (const seen of await observedStreams(pool)) stored.set(`${seen.partner}.${seen.stream}`, seen);
    for (const partner of await listPartners(dir)) {
      // A definition that does not hold is told of by its syncs.
      const streams = await partners.streams(partner).catch(() => undefined);
      for (const [stream, { definition }] of streams ?? []) {
        seenNow.push({ partner, stream });
        const seen = stored.get(`${partner}.${stream}`);
        metrics.streamObserved(
          { partner, stream },
          {
            freshAtMs: seen?.freshAt?.getTime() ?? null,
            promiseMs: definition.freshness ?? 0,
            lastOkMs: seen?.lastOkAt?.getTime() ?? null,
            quarantined: seen?.quarantined ?? 0,
          },
        );
      }
    }
    const there = new Set(seenNow.map(({ partner, stream }) => `${partner}.${stream}`));
    for (const gone of told)
      if (!there.has(`${gone.partner}.${gone.stream}`))
        metrics.streamObserved(gone, { freshAtMs: null, promiseMs: 0, lastOkMs: null, quarantined: 0 });
    told = seenNow;
  };
}
