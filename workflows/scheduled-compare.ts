import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { CompareSchedule } from '../core/schedule.ts';
import { streamOf } from '../core/table-name.ts';
import type { PlaceInTarget } from '../messages/apply-target.ts';
import { outcomeAttribute, searchAttributesOf } from '../messages/attributes.ts';
import type { CompareTargetInput, CompareTargetReport } from '../messages/compare-target.ts';
import type { ComparedInSlot, ComparedTable, ScheduledCompareReport } from '../messages/scheduled-compare.ts';
import { compareTarget } from './compare-target.ts';
import { control } from './control.ts';
import { table } from './details.ts';
import { ownNames } from './own-names.ts';
import { reasonOf } from './reason-of.ts';
import { slotMs } from './slot.ts';
import { startOrJoin } from './start-or-join.ts';

const { planScheduledCompare, compareOutcome } = control({ startToCloseTimeout: '1 minute' });

/** The worst first: what is proven to differ is worse than what nobody knows. */
const worst = ['failed', 'partial', 'suspect', 'ok'] as const;
const outcomes = { clean: 'ok', differs: 'partial', unproven: 'suspect' } as const;

/** What a schedule starts: all tables of a target are compared with the store, one after the other. */
export async function scheduledCompare({ name: target }: CompareSchedule): Promise<ScheduledCompareReport> {
  const slot = slotMs();
  const planned = await planScheduledCompare({ target });
  const done: ComparedInSlot[] = [];
  for (const place of planned) {
    setCurrentDetails(described(done, place));
    done.push(await compared(place));
  }
  setCurrentDetails(described(done));
  const outcome = worst.find((one) => done.some((each) => each.outcome === one)) ?? 'ok';
  const reasons = done.flatMap((one) => (one.reason === null ? [] : [`${one.partner}.${one.stream}: ${one.reason}`]));
  const report = {
    slot: new Date(slot).toISOString(),
    outcome,
    reason: reasons.length === 0 ? null : reasons.join('; '),
    tables: done,
  };
  upsertSearchAttributes(outcomeAttribute(outcome));
  if (outcome === 'failed')
    throw ApplicationFailure.nonRetryable(report.reason ?? `${target} failed`, 'ScheduledCompareFailed', report);
  return report;
}

/** One that fails leaves the others. */
async function compared({ times, ...place }: CompareTargetInput): Promise<ComparedInSlot> {
  const { partner, stream } = place;
  const failed = (reason: string): ComparedInSlot => ({
    ...{ partner, stream, comparison: null, outcome: 'failed', reason, differ: 0 },
  });
  const sinceMs = Date.now();
  try {
    const report = await startOrJoin<CompareTargetReport | ComparedTable>({
      start: () =>
        executeChild(compareTarget, {
          workflowId: ownNames().compareId(place),
          args: [times === undefined ? place : { ...place, times }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          typedSearchAttributes: searchAttributesOf({ partner, stream: streamOf(stream) }),
          staticSummary: `compare ${partner} ${stream} in ${place.target} with the store`,
        }),
      done: () => compareOutcome({ ...place, comparison: null, sinceMs }),
      waiting: `${partner} ${stream} is compared already`,
    });
    if ('state' in report && report.state === 'refused') return failed(report.reason);
    const found =
      'differ' in report ? report : await compareOutcome({ ...place, comparison: report.comparison, sinceMs });
    if (found === null) return failed('it is no longer in the store: compare again');
    const { comparison, verdict, differ, reason } = found;
    return {
      ...{ partner, stream, comparison, outcome: outcomes[verdict], differ },
      reason: differ > 0 ? `${differ} rows differ` : reason,
    };
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
    return failed(reasonOf(error));
  }
}

function described(done: readonly ComparedInSlot[], now?: PlaceInTarget): string {
  const rows = done.map(({ partner, stream, outcome, differ, reason }) => [
    `${partner}.${stream}`,
    outcome,
    differ,
    reason ?? '',
  ]);
  return table(
    ['table', 'outcome', 'differ', ''],
    now === undefined ? rows : [...rows, [`${now.partner}.${now.stream}`, 'is compared', '', '']],
  );
}
