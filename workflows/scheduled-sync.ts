import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { control } from './control.ts';
import type { DeclaredSchedule } from '../core/schedule.ts';
import { outcomeAttribute, searchAttributesOf } from '../messages/attributes.ts';
import type { ScheduledReport } from '../messages/scheduled-sync.ts';
import { startOrJoin } from './start-or-join.ts';
import { syncPartner } from './sync-partner.ts';

const { planScheduled, runOutcome } = control({ startToCloseTimeout: '1 minute' });

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

/** A person may have started it, or this slot had its turn before: then its end is ours too. */
async function sync({ partner, streams }: DeclaredSchedule, window: string, runId: string): Promise<Ended> {
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
