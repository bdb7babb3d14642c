import { Context, getClient, log } from '@temporalio/activity';
import { SECOND } from '../core/duration.ts';
import { explain, RetryLater } from '../core/errors.ts';
import type { ExportTargetInput, ExportTargetReport } from '../messages/export-target.ts';
import type { AppliedToTarget, PlaceInTarget } from '../messages/apply-target.ts';
import type { RebuildStep, RebuildStepped } from '../messages/rebuild-target.ts';
import { applyTarget } from './apply/apply-target.ts';
import { rebuildTarget } from './apply/rebuild-target.ts';
import { tellTargets } from './apply/tell-targets.ts';
import { exportTarget } from './apply/export-target.ts';
import { translated } from './translated.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { compareActivities } from './apply/compare-activities.ts';
import { failureAtTarget, refuses, targetStep } from './apply/target-step.ts';
import { tellingOf } from './apply/telling.ts';

/** Activities of a target's queue: the only ones that write to it. */
export function createTargetActivities(deps: ActivityDeps) {
  /** Why the last load of a place failed here: it is tried again for ever, and said once. */
  const troubles = new Map<string, string>();
  return {
    applyTarget: async (place: PlaceInTarget): Promise<AppliedToTarget> => {
      const at = `${place.target} ${place.partner} ${place.stream}`;
      const context = Context.current();
      let beat: unknown = null;
      // A load may take long, and says nothing meanwhile.
      const alive = setInterval(() => context.heartbeat(beat), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      try {
        const applied = await applyTarget({ ...deps, store: deps.targetStore }, place, {
          signal: context.cancellationSignal,
          heartbeat: (progress) => context.heartbeat((beat = progress)),
          warn: (message) => log.warn(message),
        });
        troubles.delete(at);
        return applied;
      } catch (error) {
        if (context.cancellationSignal.aborted) await context.cancelled;
        const reason = explain(error);
        if (!(error instanceof RetryLater && error.afterMs === 0)) {
          if (troubles.get(at) !== reason) log.warn(`not loaded, and tried again: ${reason}`);
          troubles.set(at, reason);
          await deps.targetStore.noteTroubled({ ...place, error: reason }).catch(() => {});
        }
        if (refuses(error)) return { state: 'attention', reason };
        throw failureAtTarget(deps, error);
      } finally {
        clearInterval(alive);
      }
    },

    rebuildTarget: (step: RebuildStep): Promise<RebuildStepped> =>
      targetStep(deps, async (context) => {
        const stepped = await rebuildTarget({ ...deps, store: deps.targetStore }, step, context);
        // The table that came in may lack the last events.
        if (stepped.state === 'done' && stepped.report.applied) await tellTargets(getClient, tellingOf(deps), step);
        return stepped;
      }),
    ...compareActivities(deps),
    exportTarget: async (input: ExportTargetInput): Promise<ExportTargetReport> => {
      const context = Context.current();
      const alive = setInterval(() => context.heartbeat(), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      try {
        return await translated(deps, () => exportTarget({ targets: deps.targets, store: deps.targetStore }, input));
      } finally {
        clearInterval(alive);
      }
    },
  };
}

export type TargetActivities = ReturnType<typeof createTargetActivities>;
