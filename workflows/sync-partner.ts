import {
  ApplicationFailure,
  CancellationScope,
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
import type { PlannedStream, RunReport, RunPlan } from '../activities/control.ts';
import type { ControlActivities } from '../activities/index.ts';
import { noCounts } from '../core/counts.ts';
import { lanePriority, streamSyncId } from '../core/names.ts';
import type { StreamReport } from '../warehouse/warehouse.ts';
import { outcomeAttribute, searchAttributesOf } from './attributes.ts';
import { describeRun } from './details.ts';
import { noProgress, type SyncPartnerInput } from './messages.ts';
import { syncStream } from './sync-stream.ts';

const { planRun, closeRun, streamReport } = proxyActivities<ControlActivities>({ startToCloseTimeout: '1 minute' });

/** Syncs the streams of a partner for one window. A stream that fails stops no other; the run says so at its end. */
export async function syncPartner(input: SyncPartnerInput): Promise<RunReport> {
  const { workflowId: runId, runId: workflowRunId } = workflowInfo();
  const plan = await planRun({ ...input, runId, workflowRunId });

  const started = new Map<string, Promise<StreamReport>>();
  for (const planned of plan.streams)
    started.set(planned.stream, syncAfterNeed(planned, started, { input, plan, runId }));
  const settled = await Promise.allSettled(started.values());
  const cancelled = settled.find((result) => result.status === 'rejected');

  return CancellationScope.nonCancellable(async () => {
    const reports = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const run = await closeRun({ runId, reports });
    upsertSearchAttributes(outcomeAttribute(run.outcome));
    setCurrentDetails(describeRun(run));
    if (cancelled?.status === 'rejected') throw cancelled.reason;
    const failed = run.streams.filter((report) => report.outcome === 'failed');
    if (failed.length > 0)
      throw ApplicationFailure.nonRetryable(
        failed.map((report) => `${report.stream}: ${report.reason}`).join('; '),
        'StreamsFailed',
        run,
      );
    return run;
  });
}

interface Run {
  readonly input: SyncPartnerInput;
  readonly plan: RunPlan;
  readonly runId: string;
}

/** Waits for the stream whose records this one needs. Promises are looked up late, so the order of starting is free. */
async function syncAfterNeed(
  planned: PlannedStream,
  started: ReadonlyMap<string, Promise<StreamReport>>,
  run: Run,
): Promise<StreamReport> {
  if (planned.after !== null) {
    // Let every stream of the plan be started first: the need may come later in the order.
    await Promise.resolve();
    const need = await started.get(planned.after);
    if (need?.outcome === 'failed') return failedReport(planned, run, `needs ${planned.after}, which failed`);
  }
  return syncOne(planned, run);
}

async function syncOne(planned: PlannedStream, run: Run): Promise<StreamReport> {
  const { partner, window, kind, generation } = run.input;
  const { stream, lane } = planned;
  const syncId = streamSyncId({ partner, stream, window, generation });
  try {
    return await executeChild(syncStream, {
      workflowId: syncId,
      args: [
        { partner, stream, syncId, runId: run.runId, window, kind, lane, times: run.plan.times, soFar: noProgress },
      ],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      priority: { priorityKey: lanePriority[lane] },
      typedSearchAttributes: searchAttributesOf({ partner, stream, kind }),
      staticSummary: `${partner} ${stream} ${window}`,
    });
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (error instanceof WorkflowExecutionAlreadyStartedError) return follow(syncId);
    const reason = error instanceof ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
    return (await streamReport({ syncId })) ?? failedReport(planned, run, reason);
  }
}

/** The stream's run exists already: finished (then the ledger has its report), or running under another parent. */
async function follow(syncId: string): Promise<StreamReport> {
  for (;;) {
    const report = await streamReport({ syncId });
    if (report !== null && report.state !== 'running') return report;
    await sleep('5 seconds');
  }
}

function failedReport(planned: PlannedStream, run: Run, reason: string): StreamReport {
  const { partner, window, generation } = run.input;
  return {
    stream: planned.stream,
    syncId: streamSyncId({ partner, stream: planned.stream, window, generation }),
    state: 'failed',
    outcome: 'failed',
    reason,
    counts: noCounts,
    removed: 0,
    pages: 0,
    requests: 0,
  };
}
