import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { outcomeAttribute } from '../messages/attributes.ts';
import type { RepairInput, RepairReport } from '../messages/reconcile.ts';
import { control } from './control.ts';
import { table } from './details.ts';
import { reasonOf } from './reason-of.ts';
import { runStream } from './run-stream.ts';
import { tell } from './tell-of-work.ts';

const { planRepair } = control({ startToCloseTimeout: '1 minute' });
/** It reads the whole table of heads. */
const { closeRepair } = control({ startToCloseTimeout: '6 hours', heartbeatTimeout: '1 minute' });

/** Reads again what a reconciliation found to differ, and lands it as all records land; what only the store has goes through the guard of deletes. */
export async function repairStream(input: RepairInput): Promise<RepairReport> {
  const { workflowId } = workflowInfo();
  const { partner, stream } = input;
  const { syncId, window, times } = await planRepair(input);
  const begun = tell(partner, workflowId, 'begun');
  let broken: unknown;
  try {
    const [kind, lane] = ['repair', 'backfill'] as const;
    await runStream({ partner, stream, syncId, runId: null, window, kind, lane, times }, { again: true });
  } catch (error) {
    broken = error;
  }
  await begun;
  return CancellationScope.nonCancellable(async () => {
    const reason = broken === undefined ? null : reasonOf(broken);
    const report = await closeRepair({ partner, stream, syncId, broken: reason });
    await tell(partner, workflowId, 'ended');
    upsertSearchAttributes(outcomeAttribute(broken === undefined ? (report.left === 0 ? 'ok' : 'partial') : 'failed'));
    setCurrentDetails(table(['repaired', 'still open'], [[report.repaired, report.left]]));
    if (isCancellation(broken)) throw broken;
    if (reason !== null) throw ApplicationFailure.nonRetryable(`${stream}: ${reason}`, 'RepairFailed', report);
    return report;
  });
}
