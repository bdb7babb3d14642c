import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Kind } from '../core/names.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import { namesOf } from '../messages/names.ts';
import type { RetryStream } from '../messages/retry.ts';
import { syncId } from '../messages/sync-id.ts';
import type { RunReport, SyncPartner } from '../messages/sync-partner.ts';

export interface StartSync {
  readonly partner: string;
  /** Empty: all. */
  readonly streams: readonly string[];
  readonly window: string;
  readonly kind: Kind;
  readonly generation: number;
  /** That of the workers (SYNCLINE_INSTALLATION); none by default. */
  readonly installation?: string;
}

export interface StartedSync {
  readonly runId: string;
  /** `begun`: it runs now, whoever started it. `finished`: it was found under its id and has ended well. */
  readonly state: 'begun' | 'finished';
  readonly handle: WorkflowHandle<SyncPartner>;
}

/** Starts a sync, joins the one that runs, or finds the one that ended. One that failed is begun again from its checkpoints. */
export async function startSync(client: Client, asked: StartSync): Promise<StartedSync> {
  const { installation = '', ...rest } = asked;
  const names = namesOf(installation);
  const sync = { ...rest, streams: [...new Set(asked.streams)].toSorted() };
  const runId = syncId(names, sync);
  try {
    const handle = await client.workflow.start<SyncPartner>('syncPartner', {
      workflowId: runId,
      taskQueue: names.workflowQueue,
      args: [sync],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      typedSearchAttributes: searchAttributesOf(sync),
      staticSummary: summaryOf(sync),
    });
    return { runId, state: 'begun', handle };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { runId, state: 'finished', handle: client.workflow.getHandle<SyncPartner>(runId) };
  }
}

/** The server takes 400 bytes. */
const summaryOf = ({ partner, window, streams }: StartSync): string =>
  `${partner} ${window}${streams.length === 0 ? '' : `: ${streams.join(', ')}`}`.slice(0, 300);

/** The report of a run, also of one that failed; undefined when it ended without one (cancelled, terminated, no plan). */
export async function reportOfSync(
  handle: WorkflowHandle<SyncPartner | RetryStream>,
): Promise<RunReport | { readonly failure: string }> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    let cause: unknown = error.cause;
    while (cause instanceof Error) {
      if (cause instanceof ApplicationFailure && cause.type === 'StreamsFailed' && cause.details?.[0] !== undefined)
        return cause.details[0] as RunReport;
      if (cause.cause === undefined) break;
      cause = cause.cause;
    }
    return { failure: cause instanceof Error ? cause.message : error.message };
  }
}
