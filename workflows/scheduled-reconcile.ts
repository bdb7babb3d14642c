import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ReconcileSchedule } from '../core/schedule.ts';
import { outcomeAttribute, searchAttributesOf } from '../messages/attributes.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import type { ReconcileReport } from '../messages/reconcile.ts';
import type { PlannedReconcile, ReconciledInSlot, ScheduledReconcileReport } from '../messages/scheduled-reconcile.ts';
import { control } from './control.ts';
import { table } from './details.ts';
import { ownNames } from './own-names.ts';
import { reasonOf } from './reason-of.ts';
import { reconcileStream } from './reconcile-stream.ts';
import { repairStream } from './repair-stream.ts';
import { slotMs } from './slot.ts';
import { startOrJoin } from './start-or-join.ts';

const { planScheduledReconcile, reconcileOutcome, repairOutcome } = control({ startToCloseTimeout: '1 minute' });

/** The worst first: what is proven to differ is worse than what nobody knows. */
const worst = ['failed', 'partial', 'suspect', 'ok'] as const;

/** What a schedule starts: the reconciliations of its slot, one stream after the other. A slot that is run again finds what it has done. */
export async function scheduledReconcile(schedule: ReconcileSchedule): Promise<ScheduledReconcileReport> {
  const { partner, name, streams, level, lastMs, sample } = schedule;
  const slot = slotMs();
  const planned = await planScheduledReconcile({ slotMs: slot, partner, name, streams, level, lastMs, sample });
  const done: ReconciledInSlot[] = [];
  for (const each of planned) {
    setCurrentDetails(described(done, each.input.stream));
    done.push(await reconciled(schedule, each));
  }
  setCurrentDetails(described(done));
  const outcome = worst.find((one) => done.some((each) => each.outcome === one)) ?? 'ok';
  const reasons = done.flatMap(({ stream, reason }) => (reason === null ? [] : [`${stream}: ${reason}`]));
  const report = {
    slot: new Date(slot).toISOString(),
    outcome,
    reason: reasons.length === 0 ? null : reasons.join('; '),
    streams: done,
  };
  upsertSearchAttributes(outcomeAttribute(outcome));
  if (outcome === 'failed')
    throw ApplicationFailure.nonRetryable(
      report.reason ?? `${partner} ${name} failed`,
      'ScheduledReconcileFailed',
      report,
    );
  return report;
}

/** One that fails leaves the others. */
async function reconciled(schedule: ReconcileSchedule, planned: PlannedReconcile): Promise<ReconciledInSlot> {
  const { reconciliation, input } = planned;
  const { stream } = input;
  try {
    const found = planned.done ?? (await compare(planned));
    const wanted = schedule.repair.length > 0 && found.verdict === 'differs';
    const after = wanted ? await repair(schedule, planned) : found;
    return {
      stream,
      reconciliation,
      outcome: outcomeOf(after),
      reason: after.open > 0 ? `${after.open} records differ` : after.reason,
      open: after.open,
      repaired: Math.max(0, found.open - after.open),
    };
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
    return { stream, reconciliation, outcome: 'failed', reason: reasonOf(error), open: 0, repaired: 0 };
  }
}

const compare = ({ reconciliation, input }: PlannedReconcile): Promise<ReconcileReport> =>
  startOrJoin({
    start: () =>
      executeChild(reconcileStream, {
        workflowId: reconciliation,
        args: [input],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        priority: { priorityKey: lanePriority.backfill },
        typedSearchAttributes: searchAttributesOf({ partner: input.partner, stream: input.stream, kind: 'reconcile' }),
        staticSummary: `${input.partner} ${input.stream}: ${input.level}`,
      }),
    done: () => reconcileOutcome({ reconciliation }),
    waiting: `${reconciliation} runs already`,
  });

/** Returns how the reconciliation stands then. */
async function repair(
  { partner, name, repair: kinds }: ReconcileSchedule,
  { reconciliation, input: { stream } }: PlannedReconcile,
): Promise<ReconcileReport> {
  const names = ownNames();
  await startOrJoin<unknown>({
    start: () =>
      executeChild(repairStream, {
        workflowId: names.repairId({ reconciliation, kinds }),
        args: [{ partner, stream, reconciliation, kinds, by: names.scheduleId({ partner, name }) }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        priority: { priorityKey: lanePriority.backfill },
        typedSearchAttributes: searchAttributesOf({ partner, stream, kind: 'repair' }),
        staticSummary: `${partner} ${stream}: repairs ${kinds.join(', ')}`,
      }),
    done: () => repairOutcome({ reconciliation, kinds }),
    waiting: `${reconciliation} is being repaired already`,
  });
  return (await reconcileOutcome({ reconciliation })) as ReconcileReport;
}

/** Of what is open now: what was repaired since is no difference any longer. */
const outcomeOf = ({ verdict, open, unproven, reason }: ReconcileReport): ReconciledInSlot['outcome'] => {
  if (open > 0) return 'partial';
  if (verdict === 'differs') return unproven > 0 || reason !== null ? 'suspect' : 'ok';
  return verdict === 'clean' ? 'ok' : 'suspect';
};

function described(done: readonly ReconciledInSlot[], now?: string): string {
  const rows = done.map(({ stream, outcome, open, repaired, reason }) => [
    stream,
    outcome,
    open,
    repaired,
    reason ?? '',
  ]);
  return table(
    ['stream', 'outcome', 'differ', 'repaired', ''],
    now === undefined ? rows : [...rows, [now, 'is compared', '', '', '']],
  );
}
