import { Context, getClient, log } from '@temporalio/activity';
import { tellGovernor } from '../client/governor.ts';
import type { CallLog } from '../core/call.ts';
import type { Spans } from '../core/spans.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import {
  explain,
  GiveUp,
  InvalidInput,
  NeedsAttention,
  PartnerDown,
  RetryLater,
  WarehouseUnavailable,
} from '../core/errors.ts';
import type { Failpoint } from '../core/failpoint.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Observation } from '../limits/watch/observe.ts';
import type { BackfillReport } from '../messages/backfill.ts';
import type { NotedWait } from '../messages/deferral.ts';
import type { ExportTargetInput, ExportTargetReport } from '../messages/export-target.ts';
import type { GovernorNews } from '../messages/govern-partner.ts';
import type { GrantInput, GrantResult, StreamJob } from '../messages/grant.ts';
import type { HintsRound } from '../messages/follow-hints.ts';
import type { Look, LookInput } from '../messages/look.ts';
import type { Names } from '../messages/names.ts';
import type { NextWindows, NextWindowsInput } from '../messages/next-windows.ts';
import type { CloseBackfillInput, PlanBackfillInput, PlannedBackfill } from '../messages/plan-backfill.ts';
import type { CloseRunInput, PlanRunInput, RunPlan } from '../messages/plan-run.ts';
import type { PruneStreamInput, PrunedStream } from '../messages/prune.ts';
import type { AskKeysInput, AskedKeys } from '../messages/reconcile.ts';
import type { RetryOf, RetryPlan } from '../messages/retry.ts';
import type { PlannedSlot, SlotOfSchedule } from '../messages/scheduled-sync.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import type { AppliedToTarget, PlaceInTarget } from '../messages/apply-target.ts';
import type { RebuildStep, RebuildStepped } from '../messages/rebuild-target.ts';
import type { AlertDelivered, AlertsLook, DeliverAlertInput } from '../messages/watch-alerts.ts';
import type { TargetStore } from '../store/target-store.ts';
import type { Hints } from '../store/webhooks/hints.ts';
import type { Reconciler } from '../landing/reconcile/reconciler.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import type { Partners } from './access.ts';
import type { AlertsDeps } from './alerts/alerts-deps.ts';
import { deliverAlert } from './alerts/deliver.ts';
import { lookAtAlerts } from './alerts/look.ts';
import { applyTarget } from './apply/apply-target.ts';
import { rebuildTarget } from './apply/rebuild-target.ts';
import type { TargetsAccess } from './apply/targets-access.ts';
import { tellTargets } from './apply/tell-targets.ts';
import { duplicateActivities } from './duplicates/activities.ts';
import type { DuplicatesDeps } from './duplicates/duplicates-deps.ts';
import { exportTarget } from './apply/export-target.ts';
import { janitorActivities } from './janitor/activities.ts';
import type { JanitorDeps } from './janitor/janitor-deps.ts';
import { closeBackfill, nextWindows, planBackfill } from './backfill.ts';
import { closeRun, failStream, planRun } from './control.ts';
import { toFailure, type RetryRules } from './failures.ts';
import { lookAtLimits } from './govern.ts';
import { noteWait } from './note-wait.ts';
import { planScheduled } from './plan-scheduled.ts';
import { abandonStream } from './pull/abandon-stream.ts';
import { fetchHints } from './pull/fetch-hints.ts';
import { pullStream } from './pull/pull-stream.ts';
import { pruneStream } from './prune-stream.ts';
import { askKeysOf } from './reconcile/ask-keys.ts';
import { readingDeps } from './reconcile/listing-deps.ts';
import { reconcileActivities } from './reconcile/activities.ts';
import { closeRetry, planRetry } from './retry.ts';
import { defaultRules, translated, translatedAlive } from './translated.ts';

export interface ActivityDeps {
  readonly names: Names;
  readonly partners: Partners;
  readonly warehouse: Warehouse;
  /** Compares what partners say with what is known. */
  readonly reconciler: Reconciler;
  /** Beside the store's own tables. */
  readonly targets: TargetsAccess;
  readonly targetStore: TargetStore;
  /** What webhooks have named. */
  readonly hints: Hints;
  /** Notes the use of a partner's limits, raises alerts, and says how they stand. */
  readonly observeLimits: (partner: Partner) => Promise<Observation>;
  /** undefined: this process looks for no alerts. */
  readonly alerts?: AlertsDeps;
  /** undefined: this process looks for no duplicates. */
  readonly duplicates?: DuplicatesDeps;
  /** undefined: this process does not look for what has stayed behind. */
  readonly janitor?: JanitorDeps;
  readonly failpoint: Failpoint;
  readonly metrics?: Metrics;
  readonly calls?: CallLog;
  readonly spans?: Spans;
  readonly now: () => number;
  readonly random: () => number;
  /** The worker is leaving: grants end at the next page, so that none is fetched twice. */
  readonly draining: () => boolean;
  /** How long Temporal waits for a sign of life before it gives a grant to somebody else. */
  readonly heartbeatTimeoutMs: number;
}

/** Activities of the workflow queue: short, our own database only. */
export function createControlActivities(deps: ActivityDeps) {
  return {
    ...reconcileActivities(deps),
    ...duplicateActivities(deps),
    ...janitorActivities(deps),
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

/** Activities of a partner's queue: the only ones that call the partner. */
export function createPartnerActivities(deps: ActivityDeps) {
  return {
    pullStream: async (input: GrantInput): Promise<GrantResult> => {
      const context = Context.current();
      const { info } = context;
      let beat: GrantBeat = { page: 0, rows: 0, ...failuresSoFar(info.heartbeatDetails) };
      const heartbeat = (next: Partial<GrantBeat>): void => {
        beat = { ...beat, ...next };
        context.heartbeat(beat);
      };
      // Waiting for a slow answer is no sign of death.
      const alive = setInterval(() => heartbeat({}), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      const reads = input.kind === 'reconcile';
      let grown = false;
      /** Streams whose logs the pages may have made grow, too: what waited there is released, or is gone. */
      let others: readonly string[] = [];
      try {
        const access = await deps.partners.access(input.partner, input.stream);
        const { relations, definition } = access.stream;
        others = [
          ...(relations?.dependents ?? []),
          ...(definition.deletes?.of === undefined ? [] : [definition.deletes.of]),
          ...(relations?.needs ?? []).flatMap(({ stream, fetch }) =>
            fetch === undefined ? [] : [stream, ...(relations?.stream(stream).relations?.dependents ?? [])],
          ),
        ];
        const result = await pullStream(
          {
            ...deps,
            ...(await readingDeps(deps, access, input)),
            accessOf: (stream) => deps.partners.access(input.partner, stream),
          },
          input,
          {
            signal: context.cancellationSignal,
            writer: { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt },
            heartbeat: (progress) => {
              grown = true;
              heartbeat({ ...progress, ...noFailures });
            },
          },
        );
        // The end of a complete listing is a part of the log, too.
        grown ||= result.state === 'done';
        return result;
      } catch (error) {
        // Cancelled, or the worker is leaving: Temporal decides which, and gives the grant to somebody else if need be.
        if (context.cancellationSignal.aborted) await context.cancelled;
        const nowMs = deps.now();
        // That our own database is away says nothing of the partner.
        if (!(error instanceof WarehouseUnavailable))
          heartbeat({
            failures: beat.failures + (error instanceof PartnerDown ? 0 : 1),
            failingSinceMs: beat.failingSinceMs ?? nowMs,
          });
        throw toFailure(error, {
          attempt: Math.max(1, beat.failures),
          failingForMs: nowMs - (beat.failingSinceMs ?? nowMs),
          retry: await retryRules(deps, input),
          nowMs,
          random: deps.random(),
        });
      } finally {
        if (grown && !reads)
          for (const stream of new Set([input.stream, ...others]))
            await tellTargets(getClient, tellingOf(deps), { partner: input.partner, stream });
        clearInterval(alive);
      }
    },
    /** One round: fetches records that webhooks have named. */
    fetchHints: async ({ partner }: { readonly partner: string }): Promise<HintsRound> => {
      const context = Context.current();
      const { info } = context;
      const alive = setInterval(() => context.heartbeat(), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      const written = new Set<string>();
      try {
        return await fetchHints(deps, partner, {
          signal: context.cancellationSignal,
          writer: { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt },
          heartbeat: () => context.heartbeat(),
          onWritten: ({ name, relations }) => {
            for (const stream of [name, ...(relations?.dependents ?? [])]) written.add(stream);
          },
        });
      } catch (error) {
        if (context.cancellationSignal.aborted) await context.cancelled;
        const nowMs = deps.now();
        throw toFailure(error, {
          attempt: info.attempt,
          failingForMs: 0,
          retry: targetRules,
          nowMs,
          random: deps.random(),
        });
      } finally {
        for (const stream of written) await tellTargets(getClient, tellingOf(deps), { partner, stream });
        clearInterval(alive);
      }
    },
    /** One grant of a reconciliation that asks for records one by one. */
    askKeys: (input: AskKeysInput): Promise<AskedKeys> => translatedAlive(deps, () => askKeysOf(deps, input)),
    /** A run was cancelled while the partner was at work for it. */
    abandonStream: (input: StreamJob): Promise<number> =>
      translated(deps, async () => {
        const access = await deps.partners.access(input.partner, input.stream);
        const { cancellationSignal: signal, info } = Context.current();
        const writer = { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt };
        return abandonStream({ ...deps, access, warn }, input, { signal, writer });
      }),
  };
}

const warn = (message: string): void => log.warn(message);

const tellingOf = ({ names, targets, heartbeatTimeoutMs }: ActivityDeps) => ({
  names,
  targets,
  times: { heartbeatTimeoutMs },
});

/** Of what is asked for ever, and no fault of anybody here: a target that is down. */
const targetRules: RetryRules = { attempts: Infinity, base: SECOND, cap: MINUTE, total: Infinity };

/** A channel that is down. */
const channelRules: RetryRules = { attempts: Infinity, base: 5 * SECOND, cap: 5 * MINUTE, total: Infinity };

function alertsOf({ alerts }: ActivityDeps): AlertsDeps {
  if (alerts === undefined) throw new InvalidInput('this worker looks for no alerts');
  return alerts;
}

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
        throw toFailure(error, {
          attempt: context.info.attempt,
          failingForMs: 0,
          retry: targetRules,
          nowMs: deps.now(),
          random: deps.random(),
          quiet: true,
        });
      } finally {
        clearInterval(alive);
      }
    },

    rebuildTarget: async (step: RebuildStep): Promise<RebuildStepped> => {
      const context = Context.current();
      let beat: unknown = null;
      const alive = setInterval(() => context.heartbeat(beat), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      try {
        const stepped = await rebuildTarget({ ...deps, store: deps.targetStore }, step, {
          signal: context.cancellationSignal,
          heartbeat: (progress) => context.heartbeat((beat = progress)),
        });
        // The table that came in may lack the last events.
        if (stepped.state === 'done' && stepped.report.applied) await tellTargets(getClient, tellingOf(deps), step);
        return stepped;
      } catch (error) {
        if (context.cancellationSignal.aborted) await context.cancelled;
        if (refuses(error)) return { state: 'refused', reason: explain(error) };
        throw toFailure(error, {
          attempt: context.info.attempt,
          failingForMs: 0,
          retry: targetRules,
          nowMs: deps.now(),
          random: deps.random(),
          quiet: true,
        });
      } finally {
        clearInterval(alive);
      }
    },
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

/** What the person asked for cannot be done, and trying again does not help. */
const refuses = (error: unknown): boolean =>
  error instanceof NeedsAttention || error instanceof GiveUp || error instanceof InvalidInput;

export type TargetActivities = ReturnType<typeof createTargetActivities>;
export type ControlActivities = ReturnType<typeof createControlActivities>;
export type PartnerActivities = ReturnType<typeof createPartnerActivities>;

interface Failures {
  /** In a row. Temporal's own count of attempts also holds the ends of workers, which are no fault of the partner. */
  readonly failures: number;
  /** Epoch ms of the first of them. */
  readonly failingSinceMs: number | null;
}

const noFailures: Failures = { failures: 0, failingSinceMs: null };

interface GrantBeat extends Failures {
  readonly page: number;
  readonly rows: number;
}

/** What the last attempt left of itself with its heartbeat. */
function failuresSoFar(details: unknown): Failures {
  if (typeof details !== 'object' || details === null || !('failures' in details)) return noFailures;
  const { failures, failingSinceMs } = details as Failures;
  return { failures, failingSinceMs: failingSinceMs ?? null };
}

async function retryRules(deps: ActivityDeps, input: GrantInput): Promise<RetryRules> {
  try {
    return (await deps.partners.access(input.partner, input.stream)).stream.partner.retry;
  } catch {
    return defaultRules;
  }
}
