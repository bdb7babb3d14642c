import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import type { Metrics, ObservedReconcile, StreamLabels } from '../core/metrics.ts';
import { findingKinds } from '../core/reconcile.ts';
import { openKinds } from '../core/reconcile-standing.ts';
import { listPartners } from '../definitions/find.ts';
import { reconcileDues } from '../definitions/reconcile-dues.ts';
import { readStanding } from '../store/reconcile/read-standing.ts';

const every = (open: ReadonlyMap<string, number>): ObservedReconcile['open'] =>
  findingKinds.map((kind) => [kind, open.get(kind) ?? 0] as const);
const nothing: ObservedReconcile = { open: every(new Map()), unproven: false, endedAtMs: null, withinMs: 0 };

/** Returns what looks at what reconciliations say of each defined stream, and tells the metrics of it. Streams without any are not told of. */
export function observeReconciliations({
  dir,
  partners,
  pool,
  metrics,
  now,
}: {
  readonly dir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly now: () => number;
}): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly StreamLabels[] = [];
  return async () => {
    const seen: StreamLabels[] = [];
    const stored = new Map((await readStanding(pool)).map((one) => [`${one.partner}.${one.stream}`, one.standing]));
    for (const partner of await listPartners(dir)) {
      const streams = (await partners.streams(partner).catch(() => undefined)) ?? new Map();
      const dues = reconcileDues(streams, now());
      for (const stream of streams.keys()) {
        const standing = stored.get(`${partner}.${stream}`) ?? [];
        const within = dues.filter((due) => due.stream === stream).map(({ withinMs }) => withinMs);
        if (standing.length === 0 && within.length === 0) continue;
        seen.push({ partner, stream });
        metrics.reconcileObserved(
          { partner, stream },
          {
            open: every(openKinds(standing)),
            unproven: standing.some(({ verdict }) => verdict === 'unproven'),
            endedAtMs: standing.length === 0 ? null : Math.max(...standing.map(({ endedAt }) => Date.parse(endedAt))),
            withinMs: within.length === 0 ? 0 : Math.min(...within),
          },
        );
      }
    }
    const there = new Set(seen.map(({ partner, stream }) => `${partner}.${stream}`));
    for (const gone of told) if (!there.has(`${gone.partner}.${gone.stream}`)) metrics.reconcileObserved(gone, nothing);
    told = seen;
  };
}
