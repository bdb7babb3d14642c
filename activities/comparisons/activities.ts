import { InvalidInput } from '../../core/errors.ts';
import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { BrokenComparison, CompareTargetInput } from '../../messages/compare-target.ts';
import type { ComparedTable, CompareSince } from '../../messages/scheduled-compare.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { translated } from '../translated.ts';
import type { ComparisonsDeps } from './comparisons-deps.ts';
import { compareOutcome, planScheduledCompare } from './scheduled.ts';

/** What comparisons by a schedule ask of our own database. */
export const comparisonActivities = (deps: ActivityDeps) => ({
  planScheduledCompare: (of: Pick<PlaceInTarget, 'target'>): Promise<readonly CompareTargetInput[]> =>
    translated(deps, async () => {
      const { heartbeatTimeoutMs } = deps;
      const places = await planScheduledCompare(comparisonsOf(deps), of);
      return places.map((place) => ({ ...place, times: { heartbeatTimeoutMs } }));
    }),
  /** null: none has ended well since. */
  compareOutcome: (since: CompareSince): Promise<ComparedTable | null> =>
    translated(deps, () => compareOutcome(comparisonsOf(deps), since)),
  /** A comparison of a target was cancelled, or could not be done. */
  breakComparison: (input: BrokenComparison): Promise<void> =>
    translated(deps, () => deps.targetStore.breakComparison(input)),
});

function comparisonsOf({ comparisons }: ActivityDeps): ComparisonsDeps {
  if (comparisons === undefined) throw new InvalidInput('this worker compares no targets by a schedule');
  return comparisons;
}
