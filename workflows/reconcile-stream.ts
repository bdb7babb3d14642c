import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  defineSignal,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PartnerActivities } from '../activities/index.ts';
import { control } from './control.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import type { ReconcileInput, ReconcilePlan, ReconcileReport } from '../messages/reconcile.ts';
import { signals } from '../messages/signals.ts';
import { describeReconcile, describeStep } from './reconcile-details.ts';
import { ownNames } from './own-names.ts';
import { reasonOf } from './reason-of.ts';
import { runStream } from './run-stream.ts';
import { tell } from './tell-of-work.ts';

const { planReconcile, closeReconcile } = control({ startToCloseTimeout: '1 minute' });
/** They read the whole table of heads. */
const { compareListing, confirmFindings } = control({ startToCloseTimeout: '6 hours', heartbeatTimeout: '1 minute' });

/** Limits have changed: ask again now. */
const goOn = defineSignal(signals.goOn);

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
  await (of.sample === null ? read(of, plan, 1) : ask(of, plan, 1));
  const found = await compareListing({ partner, stream, reconciliation });
  if (found.candidates === 0) return { syncedBy: null, doubts: [] };
  const trouble = found.needsSync ? await sync(of, plan) : null;
  await (found.byKey ? ask(of, plan, 2) : read(of, plan, 2));
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

/** Asks for records one by one, grant after grant. */
async function ask(
  { partner, stream, reconciliation }: Place,
  { times, looks }: ReconcilePlan,
  which: 1 | 2,
): Promise<void> {
  const { askKeys } = proxyActivities<PartnerActivities>({
    taskQueue: ownNames().partnerQueue(partner),
    startToCloseTimeout: times.startToCloseMs,
    heartbeatTimeout: times.heartbeatTimeoutMs,
    priority: { priorityKey: lanePriority.backfill, fairnessKey: stream },
    retry: { initialInterval: '1 second', backoffCoefficient: 1, maximumInterval: '1 second' },
  });
  setCurrentDetails(describeStep(which === 1 ? 'asks for a sample' : 'asks again for what differs'));
  const input = { partner, stream, reconciliation, look: which, syncId: looks[which - 1] as string };
  let told = 0;
  setHandler(goOn, () => {
    told++;
  });
  for (let idle = 0; ;) {
    const before = told;
    const asked = await askKeys.executeWithOptions({ summary: `${stream}, record by record` }, [{ ...input, idle }]);
    if (asked.state === 'done') return;
    idle = asked.state === 'later' ? idle + 1 : 0;
    if (asked.state !== 'later') continue;
    const [leftMs, summary] = [Math.max(1, Date.parse(asked.until) - Date.now()), asked.cause.slice(0, 120)];
    if (patched('told to go on')) await condition(() => told > before, leftMs, { summary });
    else await sleep(leftMs, { summary });
  }
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
