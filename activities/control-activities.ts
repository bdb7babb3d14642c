import { Context, getClient } from '@temporalio/activity';
import { tellGovernor } from '../client/governor.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import type { BackfillReport } from '../messages/backfill.ts';
import type { NotedWait } from '../messages/deferral.ts';
import type { GovernorNews } from '../messages/govern-partner.ts';
import type { Look, LookInput } from '../messages/look.ts';
import type { NextWindows, NextWindowsInput } from '../messages/next-windows.ts';
import type { CloseBackfillInput, PlanBackfillInput, PlannedBackfill } from '../messages/plan-backfill.ts';
import type { CloseRunInput, PlanRunInput, RunPlan } from '../messages/plan-run.ts';
import type { PruneStreamInput, PrunedStream } from '../messages/prune.ts';
import type { RetryOf, RetryPlan } from '../messages/retry.ts';
import type { PlannedSlot, SlotOfSchedule } from '../messages/scheduled-sync.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import type { AlertDelivered, AlertsLook, DeliverAlertInput } from '../messages/watch-alerts.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import type { AlertsDeps } from './alerts/alerts-deps.ts';
import { deliverAlert } from './alerts/deliver.ts';
import { lookAtAlerts } from './alerts/look.ts';
import { closeBackfill, nextWindows, planBackfill } from './backfill.ts';
import { closeRun, failStream, planRun } from './control.ts';
import { toFailure, type RetryRules } from './failures.ts';
import { lookAtLimits } from './govern.ts';
import { noteWait } from './note-wait.ts';
import { planScheduled } from './plan-scheduled.ts';
import { pruneStream } from './prune-stream.ts';
import { closeRetry, planRetry } from './retry.ts';
import { translated } from './translated.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { comparisonActivities } from './comparisons/activities.ts';
import { duplicateActivities } from './duplicates/activities.ts';
import { janitorActivities } from './janitor/activities.ts';
import { reconcileActivities } from './reconcile/activities.ts';

/** Activities of the workflow queue: short, our own database only. */
export function createControlActivities(deps: ActivityDeps) {
  return {
    ...reconcileActivities(deps),
    ...duplicateActivities(deps),
    ...janitorActivities(deps),
    ...comparisonActivities(deps),
    planRun: (input: PlanRunInput): Promise<RunPlan> => translated(deps, () => planRun(deps, input)),
    closeRun: (input: CloseRunInput): Promise<RunReport> => translated(deps, () => closeRun(deps, input)),
    planBackfill: (input: PlanBackfillInput): Promise<PlannedBackfill> =>
      translated(deps, () => planBackfill(deps, input)),
    nextWindows: (input: NextWindowsInput): Promise<NextWindows> => translated(deps, () => nextWindows(deps, input)),
    closeBackfill: (input: CloseBackfillInput): Promise<BackfillReport> =>
      translated(deps, () => closeBackfill(deps, input)),
    planScheduled: (slot: SlotOfSchedule): Promise<PlannedSlot> =>
      translated(deps, () => Promise.resolve(planScheduled(deps, slot))),
    runOutcome: (input: { runId: string }): Promise<Awaited<ReturnType<Warehouse['runOutcome']>>> =>
      translated(deps, () => deps.warehouse.runOutcome(input.runId)),
    failStream: (input: { syncId: string; stream: string; reason: string }): Promise<StreamReport | null> =>
      translated(deps, () => failStream(deps, input)),
    streamReport: (input: { syncId: string }): Promise<StreamReport | null> =>
      translated(deps, () => deps.warehouse.streamReport(input.syncId)),
    planRetry: (input: RetryOf): Promise<RetryPlan> => translated(deps, () => planRetry(deps, input)),
    closeRetry: (input: { runId: string }): Promise<RunReport> => translated(deps, () => closeRetry(deps, input)),
    lookAtLimits: (input: LookInput): Promise<Look> => translated(deps, () => lookAtLimits(deps, getClient(), input)),
    /** Removes what a stream need not keep any longer. */
    pruneStream: (input: PruneStreamInput): Promise<PrunedStream> =>
      translated(deps, () => pruneStream(deps, input, Context.current())),
    /** A run begins or has ended; starts the governor. */
    tellOfWork: (input: { partner: string; work: GovernorNews['work'] }): Promise<void> =>
      translated(deps, () =>
        tellGovernor(getClient(), {
          names: deps.names,
          partner: input.partner,
          signal: 'work',
          news: input.work,
        }),
      ),
    /** Looks for what is wrong, and has people told. */
    lookAtAlerts: (): Promise<AlertsLook> => translated(deps, () => lookAtAlerts(alertsOf(deps), getClient())),
    /** One attempt to tell a channel: it calls what alerts.yaml names, and is tried until that takes it. */
    deliverAlert: async (input: DeliverAlertInput): Promise<AlertDelivered> => {
      const { info, cancellationSignal } = Context.current();
      try {
        return await deliverAlert(alertsOf(deps), input, cancellationSignal);
      } catch (error) {
        if (cancellationSignal.aborted) await Context.current().cancelled;
        throw toFailure(error, {
          attempt: info.attempt,
          failingForMs: 0,
          retry: channelRules,
          nowMs: deps.now(),
          random: deps.random(),
          quiet: true,
        });
      }
    },
    /** A stream waits for long: the ledger keeps why, and the governor looks at once. */
    noteWait: (input: NotedWait): Promise<void> => translated(deps, () => noteWait(deps, getClient(), input)),
  };
}

export type ControlActivities = ReturnType<typeof createControlActivities>;

/** A channel that is down. */
const channelRules: RetryRules = { attempts: Infinity, base: 5 * SECOND, cap: 5 * MINUTE, total: Infinity };

function alertsOf({ alerts }: ActivityDeps): AlertsDeps {
  if (alerts === undefined) throw new InvalidInput('this worker looks for no alerts');
  return alerts;
}
