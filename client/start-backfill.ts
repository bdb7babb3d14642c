import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { rangeLabel, type BackfillPlan } from '../core/backfill-plan.ts';
import { noTally } from '../core/backfill-tally.ts';
import { InvalidInput } from '../core/errors.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { BackfillReport, BackfillProgress, Pause, BackfillStream } from '../messages/backfill.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import type { Names } from '../messages/names.ts';
import { backfillSignals, PROGRESS_QUERY } from '../messages/signals.ts';

export interface StartBackfill {
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  readonly concurrency: number;
  readonly generation: number;
}

export interface StartedBackfill {
  readonly runId: string;
  /** `begun`: it runs now, whoever started it. `finished`: it was found under its id and has ended well. */
  readonly state: 'begun' | 'finished';
  readonly handle: WorkflowHandle<BackfillStream>;
}

export const backfillIdOf = (names: Names, { partner, stream, plan, generation }: StartBackfill): string =>
  names.backfillId({ partner, stream, range: rangeLabel(plan), chunk: plan.chunk, zone: plan.zone, generation });

/** Starts a backfill, joins the one that runs, or finds the one that ended. One that failed or was cancelled goes on. */
export async function startBackfill(client: Client, names: Names, asked: StartBackfill): Promise<StartedBackfill> {
  const { partner, stream, plan } = asked;
  const runId = backfillIdOf(names, asked);
  try {
    const handle = await client.workflow.start<BackfillStream>('backfillStream', {
      workflowId: runId,
      taskQueue: names.workflowQueue,
      args: [{ ...asked, soFar: noTally, paused: false }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      priority: { priorityKey: lanePriority.backfill },
      typedSearchAttributes: searchAttributesOf({ partner, stream, kind: 'backfill' }),
      staticSummary: `${partner} ${stream} ${rangeLabel(plan)} by ${plan.chunk}`,
    });
    return { runId, state: 'begun', handle };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { runId, state: 'finished', handle: client.workflow.getHandle<BackfillStream>(runId) };
  }
}

/** The report of a backfill, also of one that failed; a failure's words when it ended without one (cancelled, terminated). */
export async function reportOfBackfill(
  handle: WorkflowHandle<BackfillStream>,
): Promise<BackfillReport | { readonly failure: string }> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof ApplicationFailure && cause.type === 'WindowsFailed' && cause.details?.[0] !== undefined)
      return cause.details[0] as BackfillReport;
    return { failure: cause?.message ?? error.message };
  }
}

/** How a backfill stands; undefined when it has ended, or no worker answers for it. */
export async function askBackfill(client: Client, runId: string): Promise<BackfillProgress | undefined> {
  const handle = client.workflow.getHandle(runId);
  try {
    return await client.connection.withDeadline(Date.now() + 5000, async () =>
      (await handle.describe()).status.name === 'RUNNING'
        ? await handle.query<BackfillProgress>(PROGRESS_QUERY)
        : undefined,
    );
  } catch {
    return undefined;
  }
}

/** Whether a backfill of this id runs, also one that no worker has taken up yet. */
export async function isUnderWay(client: Client, runId: string): Promise<boolean> {
  try {
    const { type, status } = await client.workflow.getHandle(runId).describe();
    return type === 'backfillStream' && status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export const pauseBackfill = (client: Client, runId: string, pause: Pause): Promise<void> =>
  told(runId, () => client.workflow.getHandle(runId).signal<[Pause]>(backfillSignals.pause, pause));

export const resumeBackfill = (client: Client, runId: string): Promise<void> =>
  told(runId, () => client.workflow.getHandle(runId).signal(backfillSignals.resume));

export const cancelBackfill = (client: Client, runId: string): Promise<void> =>
  told(runId, async () => {
    await client.workflow.getHandle(runId).cancel();
  });

async function told(runId: string, tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new InvalidInput(`${runId} does not run now: \`syncline backfill list\` shows how it ended`, {
      cause: error,
    });
  }
}
