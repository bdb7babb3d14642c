import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { control } from './control.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import type { ReconcileInput, ReconcilePlan, ReconcileReport } from '../messages/reconcile.ts';
import { describeReconcile, describeStep } from './reconcile-details.ts';
import { reasonOf } from './reason-of.ts';
import { runStream } from './run-stream.ts';
import { tell } from './tell-of-work.ts';

const { planReconcile, closeReconcile } = control({ startToCloseTimeout: '1 minute' });
/** They read the whole table of heads. */
const { compareListing, confirmFindings } = control({ startToCloseTimeout: '6 hours', heartbeatTimeout: '1 minute' });

/**
 * Compares what the partner says of a stream with what is known. What differs is looked at twice, behind a sync where only that tells what is merely on
 * its way. Started again after a failure, it goes on from the last page that it has read.
 */
export async function reconcileStream(input: ReconcileInput): Promise<ReconcileReport> {
  const { workflowId: reconciliation } = workflowInfo();
  const { partner } = input;
  // What cannot be compared is written down nowhere.
  const plan = await planReconcile({ ...input, reconciliation });
  const begun = tell(partner, reconciliation, 'begun');
  let looked: Looked = { syncedBy: null, doubts: [] };
  let broken: unknown;
  try {
    looked = await look({ ...input, reconciliation }, plan);
  } catch (error) {
    broken = error;
  }
  await begun;
  return CancellationScope.nonCancellable(async () => {
    const report = await closeReconcile({
      reconciliation,
      ...looked,
      broken: broken === undefined ? null : reasonOf(broken),
    });
    await tell(partner, reconciliation, 'ended');
    upsertSearchAttributes(outcomeAttribute(outcomeOf(report)));
    setCurrentDetails(describeReconcile(report));
    if (isCancellation(broken)) throw broken;
    if (broken !== undefined)
      throw ApplicationFailure.nonRetryable(`${input.stream}: ${reasonOf(broken)}`, 'ReconcileFailed', report);
    return report;
  });
}

interface Looked {
  readonly syncedBy: string | null;
  readonly doubts: readonly string[];
}

type Place = ReconcileInput & { readonly reconciliation: string };

async function look(of: Place, plan: ReconcilePlan): Promise<Looked> {
  const { partner, stream, reconciliation } = of;
  await read(of, plan, 1);
  const found = await compareListing({ partner, stream, reconciliation });
  if (found.candidates === 0) return { syncedBy: null, doubts: [] };
  const trouble = found.needsSync ? await sync(of, plan) : null;
  await read(of, plan, 2);
  await confirmFindings({ partner, stream, reconciliation, synced: trouble === null });
  return {
    syncedBy: found.needsSync ? plan.sync.syncId : null,
    doubts: trouble === null ? [] : [`the sync between the two looks did not end well: ${trouble}`],
  };
}

async function read({ partner, stream, reconciliation }: Place, plan: ReconcilePlan, which: 1 | 2): Promise<void> {
  const { window, times, looks } = plan;
  setCurrentDetails(describeStep(which === 1 ? 'reads the partner' : 'reads the partner a second time'));
  const [kind, lane] = ['reconcile', 'backfill'] as const;
  await runStream(
    { partner, stream, syncId: looks[which - 1] as string, runId: reconciliation, window, kind, lane, times },
    { again: true },
  );
}

/** Lets come in what is on its way. Returns why it did not; null: it did. */
async function sync(
  { partner, stream }: Place,
  { sync: { window, syncId }, times }: ReconcilePlan,
): Promise<string | null> {
  setCurrentDetails(describeStep('syncs the stream, so that what is on its way comes in'));
  try {
    const { outcome, reason } = await runStream(
      { partner, stream, syncId, runId: null, window, kind: 'manual', lane: 'backfill', times },
      { again: true },
    );
    return outcome === 'ok' || outcome === 'partial' ? null : (reason ?? String(outcome));
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
    return reasonOf(error);
  }
}

const outcomeOf = ({ verdict }: ReconcileReport): 'ok' | 'partial' | 'suspect' | 'failed' =>
  verdict === null ? 'failed' : ({ clean: 'ok', differs: 'partial', unproven: 'suspect' } as const)[verdict];
