import { Context } from '@temporalio/activity';
import type { Failpoint } from '../core/failpoint.ts';
import { SECOND } from '../core/duration.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { Partners } from './access.ts';
import { closeRun, planRun, type CloseRunInput, type PlanRunInput, type RunPlan, type RunReport } from './control.ts';
import { toFailure } from './failures.ts';
import type { GrantInput, GrantResult } from './pull/grant.ts';
import { pullStream } from './pull/pull-stream.ts';
import type { StreamReport } from '../warehouse/warehouse.ts';

export interface ActivityDeps {
  readonly partners: Partners;
  readonly warehouse: Warehouse;
  readonly failpoint: Failpoint;
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
    planRun: (input: PlanRunInput): Promise<RunPlan> => translated(deps, () => planRun(deps, input)),
    closeRun: (input: CloseRunInput): Promise<RunReport> => translated(deps, () => closeRun(deps, input)),
    failStream: (input: { syncId: string; stream: string; reason: string }): Promise<StreamReport | null> =>
      translated(deps, () => deps.warehouse.failStream(input)),
    streamReport: (input: { syncId: string }): Promise<StreamReport | null> =>
      translated(deps, () => deps.warehouse.streamReport(input.syncId)),
  };
}

/** Activities of a partner's queue: the only ones that call the partner. */
export function createPartnerActivities(deps: ActivityDeps) {
  return {
    pullStream: async (input: GrantInput): Promise<GrantResult> => {
      const context = Context.current();
      const { info } = context;
      const failures = failuresSoFar(info.heartbeatDetails);
      let beat: GrantBeat = { page: 0, rows: 0, failures };
      const heartbeat = (next: Partial<GrantBeat>): void => {
        beat = { ...beat, ...next };
        context.heartbeat(beat);
      };
      // Waiting for a slow answer is no sign of death.
      const alive = setInterval(() => heartbeat({}), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      try {
        const access = await deps.partners.access(input.partner, input.stream);
        return await pullStream({ ...deps, access }, input, {
          signal: context.cancellationSignal,
          writer: { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt },
          heartbeat: (progress) => heartbeat({ ...progress, failures: 0 }),
        });
      } catch (error) {
        // Cancelled, or the worker is leaving: Temporal decides which, and gives the grant to somebody else if need be.
        if (context.cancellationSignal.aborted) await context.cancelled;
        heartbeat({ failures: beat.failures + 1 });
        throw toFailure(error, {
          attempt: beat.failures,
          retry: await retryRules(deps, input),
          nowMs: deps.now(),
          random: deps.random(),
        });
      } finally {
        clearInterval(alive);
      }
    },
  };
}

export type ControlActivities = ReturnType<typeof createControlActivities>;
export type PartnerActivities = ReturnType<typeof createPartnerActivities>;

interface GrantBeat {
  readonly page: number;
  readonly rows: number;
  /** Failures in a row. Temporal's own count of attempts also holds the ends of workers, which are no fault of the partner. */
  readonly failures: number;
}

const failuresSoFar = (details: unknown): number =>
  typeof details === 'object' && details !== null && 'failures' in details ? Number(details.failures) : 0;

const defaultRules = { attempts: 8, base: SECOND, cap: 60 * SECOND } as const;

async function retryRules(
  deps: ActivityDeps,
  input: GrantInput,
): Promise<typeof defaultRules | { attempts: number; base: number; cap: number }> {
  try {
    return (await deps.partners.access(input.partner, input.stream)).stream.partner.retry;
  } catch {
    return defaultRules;
  }
}

async function translated<T>(deps: ActivityDeps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error, {
      attempt: Context.current().info.attempt,
      retry: defaultRules,
      nowMs: deps.now(),
      random: deps.random(),
    });
  }
}
