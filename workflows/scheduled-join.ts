import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { JoinSchedule } from '../core/schedule.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import type { FoundDuplicates } from '../messages/duplicates.ts';
import type { ScheduledJoinReport } from '../messages/scheduled-join.ts';
import { control } from './control.ts';
import { findDuplicates } from './find-duplicates.ts';
import { ownNames } from './own-names.ts';
import { reasonOf } from './reason-of.ts';
import { slotMs } from './slot.ts';
import { startOrJoin } from './start-or-join.ts';

const { planScheduledJoin, joinOutcome } = control({ startToCloseTimeout: '1 minute' });

/** What a schedule starts: rows that came since join merged clusters, once for each slot. */
export async function scheduledJoin({ partner, name }: JoinSchedule): Promise<ScheduledJoinReport> {
  const slot = slotMs();
  const planned = await planScheduledJoin({ name, slotMs: slot });
  const ended = (outcome: 'ok' | 'failed', reason: string | null, found: FoundDuplicates | null) => {
    setCurrentDetails(reason ?? `${found?.applied ?? 0} pairs joined by plan ${found?.plan ?? ''}`);
    upsertSearchAttributes(outcomeAttribute(outcome));
    return { slot: new Date(slot).toISOString(), outcome, reason, found };
  };
  if (planned.done !== null) return ended('ok', null, planned.done);
  if (!planned.inForce) return ended('ok', `nothing to join: no plan of ${name} is in force`, null);
  try {
    const by = ownNames().scheduleId({ partner, name });
    const { workflowId } = planned;
    const found = await startOrJoin<FoundDuplicates>({
      start: () =>
        executeChild(findDuplicates, {
          workflowId,
          args: [{ name, by, join: true, waitMs: 0 }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: `new rows of ${name} join`,
        }),
      done: () => joinOutcome({ workflowId }),
      waiting: `${workflowId} runs already`,
    });
    return ended('ok', null, found);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
    const report = ended('failed', reasonOf(error), null);
    throw ApplicationFailure.nonRetryable(`${name}: ${report.reason ?? ''}`, 'ScheduledJoinFailed', report);
  }
}
