import type { CompareStep, CompareStepped } from '../../messages/compare-target.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { compareTarget } from './compare-target.ts';
import { targetStep } from './target-step.ts';

/** Steps of a comparison, in the process that has the target open. */
export const compareActivities = (deps: ActivityDeps) => ({
  compareTarget: (step: CompareStep): Promise<CompareStepped> =>
    targetStep(deps, ({ signal }) => compareTarget({ ...deps, store: deps.targetStore }, step, { signal })),
});
