import type { Pool } from 'pg';
import type { Partners } from '../activities/access.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Partner } from '../definitions/definition.ts';
import { findTargets, listPartners } from '../definitions/find.ts';
import { placesOf } from '../definitions/named-targets.ts';
import { STORE } from '../definitions/targets.ts';
import { listTargetStates, tablesToldOf, type TargetLag } from '../store/target-states.ts';

export interface ObserveTargets {
  readonly dir: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Returns what looks at how far each stream is behind in each target that it names, and tells the metrics of it. */
export function observeTargets({
  dir,
  partners,
  pool,
  metrics,
  now,
}: ObserveTargets): () => Promise<readonly TargetLag[]> {
  /** What was told of last: a gauge keeps its value until it is told another. */
  let told: readonly TargetLag[] = [];
  return async () => {
    // Without targets or histories no definition is opened for this.
    const isLoaded = (await findTargets(dir)) !== undefined || (await tablesToldOf(pool, STORE)).length > 0;
    const wanted = isLoaded ? placesOf(await loadable(partners, dir)) : [];
    const lags = wanted.length === 0 ? [] : await listTargetStates(pool, { wanted });
    const gone = told.filter((lag) => !lags.some((one) => labelsOf(one) === labelsOf(lag)));
    for (const { target, partner, stream } of gone)
      metrics.targetObserved(
        { target, partner, stream },
        { behindEvents: 0, behindSecs: 0, failing: false, leftOutEvents: 0 },
      );
    for (const { target, partner, stream, behind, behindSince, error, leftOut } of lags)
      metrics.targetObserved(
        { target, partner, stream },
        {
          behindEvents: behind,
          behindSecs: behindSince === null ? 0 : Math.max(0, now() - Date.parse(behindSince)) / 1000,
          failing: error !== null,
          leftOutEvents: leftOut?.events ?? 0,
        },
      );
    told = lags;
    metrics.targetsObserved();
    return lags;
  };
}

const labelsOf = ({ target, partner, stream }: TargetLag): string => `${target} ${partner} ${stream}`;

/** A definition that does not hold is told of by its syncs. */
async function loadable(partners: Pick<Partners, 'streams'>, dir: string): Promise<readonly Partner[]> {
  const found: Partner[] = [];
  // One after the other: other work goes on between them.
  for (const name of await listPartners(dir)) {
    const streams = await partners.streams(name).catch(() => undefined);
    found.push(...[...(streams?.values() ?? [])].slice(0, 1).map(({ partner }) => partner));
  }
  return found;
}
