import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { control } from './control.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import { CANCELLED } from '../messages/cancelled.ts';
import type { RetryOf, RetryPlan } from '../messages/retry.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import { describeRun } from './details.ts';
import { runStream } from './run-stream.ts';
import { tell } from './tell-of-work.ts';

const { planRetry, closeRetry, streamReport, failStream } = control({
  startToCloseTimeout: '1 minute',
});

/** Reads one stream of a run that has ended once more; the others stay as they are, and the run ends anew with what came of it. */
export async function retryStream(input: RetryOf): Promise<RunReport> {
  const plan = await planRetry(input);
  const { partner } = plan.job;
  const { workflowId } = workflowInfo();
  const begun = tell(partner, workflowId, 'begun');
  let broken: Error | undefined;
  try {
    await runStream({ ...plan.job, times: plan.times }, { again: true });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      throw ApplicationFailure.nonRetryable(`${plan.job.syncId} is being read already`, 'StreamRuns');
    broken = error instanceof Error ? error : new Error(String(error));
  }
  return CancellationScope.nonCancellable(async () => {
    if (broken !== undefined) await endInLedger(plan, broken);
    const [report] = await Promise.all([
      closeRetry({ runId: input.runId }),
      begun.then(() => tell(partner, workflowId, 'ended')),
    ]);
    upsertSearchAttributes(outcomeAttribute(report.outcome));
    setCurrentDetails(describeRun(report));
    if (broken !== undefined && isCancellation(broken)) throw broken;
    const own = report.streams.find(({ stream }) => stream === input.stream);
    if (own?.outcome === 'failed')
      throw ApplicationFailure.nonRetryable(`${input.stream}: ${own.reason}`, 'StreamsFailed', report);
    return report;
  });
}

/** A stream that was terminated could not say itself that it has ended. */
async function endInLedger({ job: { syncId, stream } }: RetryPlan, error: Error): Promise<void> {
  const report = await streamReport({ syncId });
  if (report !== null && report.state !== 'running') return;
  const reason = isCancellation(error) ? CANCELLED : error.message;
  await failStream({ syncId, stream, reason });
}
