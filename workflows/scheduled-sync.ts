import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ControlActivities } from '../activities/index.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import type { Outcome } from '../core/names.ts';
import type { DeclaredSchedule } from '../core/schedule.ts';
import { outcomeAttribute, searchAttributesOf } from './attributes.ts';
import { syncPartner } from './sync-partner.ts';

const { planScheduled, runOutcome } = proxyActivities<ControlActivities>({ startToCloseTimeout: '1 minute' });

export interface ScheduledReport {
  readonly runId: string;
  readonly window: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
}

/** What a schedule starts: the sync of the window that its slot stands for, or the end of it if it runs or ran already. */
export async function scheduledSync(schedule: DeclaredSchedule): Promise<ScheduledReport> {
  const { partner, streams, timeZone, covers } = schedule;
  const { window, runId } = await planScheduled({ slotMs: slotMs(), partner, streams, timeZone, covers });
  setCurrentDetails(`Window \`${window}\`: run \`${runId}\``);
  const ended = await sync(schedule, window, runId);
  upsertSearchAttributes(outcomeAttribute(ended.outcome));
  const report = { runId, window, ...ended };
  if (ended.outcome === 'failed')
    throw ApplicationFailure.nonRetryable(ended.reason ?? `${partner} ${window} failed`, 'ScheduledSyncFailed', report);
  return report;
}

type Ended = Pick<ScheduledReport, 'outcome' | 'reason'>;

async function sync(schedule: DeclaredSchedule, window: string, runId: string): Promise<Ended> {
  const { partner } = schedule;
  const streams = [...new Set(schedule.streams)].toSorted();
  for (let waitMs = SECOND; ; waitMs = Math.min(2 * waitMs, MINUTE)) {
    try {
      const { outcome, reason } = await executeChild(syncPartner, {
        workflowId: runId,
        args: [{ partner, streams, window, kind: 'nightly', generation: 1 }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        typedSearchAttributes: searchAttributesOf({ partner, kind: 'nightly' }),
        staticSummary: `${partner} ${window}`,
      });
      return { outcome, reason };
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (!(error instanceof WorkflowExecutionAlreadyStartedError))
        return { outcome: 'failed', reason: reasonOf(error) };
    }
    // A person started it, or this slot had its turn before: its end is ours too.
    const ended = await runOutcome({ runId });
    if (ended !== null) return ended;
    await sleep(waitMs, { summary: `${runId} runs already` });
  }
}

/** The time it was meant for, whenever it was started: Temporal writes it into the search attributes and the id. */
function slotMs(): number {
  const { searchAttributes, workflowId } = workflowInfo();
  const [slot] = searchAttributes['TemporalScheduledStartTime'] ?? [];
  const ms = slot instanceof Date ? slot.getTime() : Date.parse(/\d{4}-\d\d-\d\dT[\d:]+Z$/.exec(workflowId)?.[0] ?? '');
  if (Number.isNaN(ms))
    throw ApplicationFailure.nonRetryable(
      `${workflowId} was not started by a schedule: use \`syncline schedule trigger\``,
      'InvalidInput',
    );
  return ms;
}

function reasonOf(error: unknown): string {
  let cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  while (cause instanceof Error && cause.cause instanceof Error && cause.message === '') cause = cause.cause;
  return cause instanceof Error ? cause.message : String(cause);
}
