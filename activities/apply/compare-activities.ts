import { Context } from '@temporalio/activity';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { explain, GiveUp, InvalidInput, NeedsAttention } from '../../core/errors.ts';
import type { CompareStep, CompareStepped } from '../../messages/compare-target.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { toFailure, type RetryRules } from '../failures.ts';
import { compareTarget } from './compare-target.ts';

/** A target that is down is no fault of anybody here: it is asked until the workflow has had enough. */
const rules: RetryRules = { attempts: Infinity, base: SECOND, cap: MINUTE, total: Infinity };

/** Steps of a comparison, in the process that has the target open. */
export const compareActivities = (deps: ActivityDeps) => ({
  compareTarget: async (step: CompareStep): Promise<CompareStepped> => {
    const context = Context.current();
    // A table is summed in one statement.
    const alive = setInterval(() => context.heartbeat(), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
    try {
      return await compareTarget({ ...deps, store: deps.targetStore }, step, { signal: context.cancellationSignal });
    } catch (error) {
      if (context.cancellationSignal.aborted) await context.cancelled;
      if (error instanceof NeedsAttention || error instanceof GiveUp || error instanceof InvalidInput)
        return { state: 'refused', reason: explain(error) };
      throw toFailure(error, {
        attempt: context.info.attempt,
        failingForMs: 0,
        retry: rules,
        nowMs: deps.now(),
        random: deps.random(),
        quiet: true,
      });
    } finally {
      clearInterval(alive);
    }
  },
});
