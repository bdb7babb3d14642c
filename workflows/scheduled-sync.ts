import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { control } from './control.ts';
import type { SyncSchedule } from '../core/schedule.ts';
import { outcomeAttribute, searchAttributesOf } from '../messages/attributes.ts';
import type { ScheduledReport } from '../messages/scheduled-sync.ts';
import { slotMs } from './slot.ts';
import { startOrJoin } from './start-or-join.ts';
import { syncPartner } from './sync-partner.ts';

const { planScheduled, runOutcome } = control({ startToCloseTimeout: '1 minute' });

/** What a schedule starts: the sync of the window that its slot stands for, or the end of it if it runs or ran already. */
export async function scheduledSync(schedule: SyncSchedule): Promise<ScheduledReport> {
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

/** A person may have started it, or this slot had its turn before: then its end is ours too. */
async function sync({ partner, streams }: SyncSchedule, window: string, runId: string): Promise<Ended> {
  const chosen = [...new Set(streams)].toSorted();
  try {
    return await startOrJoin<Ended>({
      start: () =>
        executeChild(syncPartner, {
          workflowId: runId,
          args: [{ partner, streams: chosen, window, kind: 'nightly', generation: 1 }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          typedSearchAttributes: searchAttributesOf({ partner, kind: 'nightly' }),
          staticSummary: `${partner} ${window}`,
        }).then(({ outcome, reason }) => ({ outcome, reason })),
      done: () => runOutcome({ runId }),
      waiting: `${runId} runs already`,
    });
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
    return { outcome: 'failed', reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  let cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  while (cause instanceof Error && cause.cause instanceof Error && cause.message === '') cause = cause.cause;
  return cause instanceof Error ? cause.message : String(cause);
}
