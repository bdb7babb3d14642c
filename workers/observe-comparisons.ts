import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import type { Metrics, ObservedComparisons } from '../core/metrics.ts';
import { streamOf } from '../core/table-name.ts';
import { differenceKinds } from '../core/target-comparison.ts';
import { compareDues } from '../definitions/compare-dues.ts';
import type { Partner } from '../definitions/definition.ts';
import { listPartners } from '../definitions/find.ts';
import type { Environment } from '../definitions/interpolate.ts';
import { loadCompares } from '../definitions/load-compares.ts';
import { comparablePlaces } from '../definitions/named-targets.ts';
import { CANCELLED } from '../messages/cancelled.ts';
import { knownSince } from '../store/alerts/facts.ts';
import { readStandingTables } from '../store/comparisons/read-standing.ts';

const nothing: ObservedComparisons = {
  differ: differenceKinds.map((kind) => [kind, 0] as const),
  failed: 0,
  provenAtMs: null,
  withinMs: 0,
};

/** Returns what looks at what comparisons say of each target, and tells the metrics of it. Targets that nobody compares are not told of; those with a schedule
 * are from the beginning. */
export function observeComparisons({
  dir,
  env,
  partners,
  pool,
  metrics,
  now,
}: {
  readonly dir: string;
  readonly env: Environment;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly now: () => number;
}): () => Promise<void> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told = new Set<string>();
  return async () => {
    const dues = compareDues(await loadCompares({ dir, env }).catch(() => new Map()), now());
    const standing = await readStandingTables(pool);
    const isAny = dues.size > 0 || standing.length > 0;
    const [read, defined] = isAny ? [await knownSince(pool), await loadable(partners, dir)] : [new Map(), []];
    const places = comparablePlaces(defined).filter(({ partner, stream }) =>
      read.has(`${partner} ${streamOf(stream)}`),
    );
    const seen = new Set<string>();
    for (const target of new Set([...dues.keys(), ...places.map((place) => place.target)])) {
      const tables = places
        .filter((place) => place.target === target)
        .map(({ partner, stream }) =>
          standing.find((one) => one.target === target && one.partner === partner && one.stream === stream),
        );
      if (!dues.has(target) && tables.every((one) => one === undefined)) continue;
      seen.add(target);
      const proven = tables.map((one) => one?.proven ?? null);
      metrics.comparisonsObserved(target, {
        differ: differenceKinds.map((kind) => [
          kind,
          proven.reduce((sum, one) => sum + (one?.differs === true ? one.counts[kind] : 0), 0),
        ]),
        failed: tables.filter((one) => one != null && one.failed !== null && one.failed.reason !== CANCELLED).length,
        provenAtMs:
          proven.length === 0 || proven.some((one) => one === null)
            ? null
            : Math.min(...proven.map((one) => Date.parse(one?.endedAt ?? ''))),
        withinMs: dues.get(target) ?? 0,
      });
    }
    for (const target of told) if (!seen.has(target)) metrics.comparisonsObserved(target, nothing);
    told = seen;
  };
}

/** A definition that does not hold is told of by its syncs. */
async function loadable(partners: Pick<Partners, 'streams'>, dir: string): Promise<readonly Partner[]> {
  const found: Partner[] = [];
  // One after the other: other work goes on between them.
  for (const name of await listPartners(dir)) {
    const [first] = (await partners.streams(name).catch(() => undefined))?.values() ?? [];
    if (first !== undefined) found.push(first.partner);
  }
  return found;
}
