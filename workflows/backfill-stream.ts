import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { control } from './control.ts';
import { estimateLeft } from '../core/backfill-estimate.ts';
import { leftOf, paceOf } from '../core/backfill-tally.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import type { BackfillReport, BackfillInput, BackfillProgress, Pause } from '../messages/backfill.ts';
import type { PlannedBackfill } from '../messages/plan-backfill.ts';
import { backfillSignals, PROGRESS_QUERY } from '../messages/signals.ts';
import { describeBackfill, describeBackfillReport } from './backfill-details.ts';
import { tell } from './tell-of-work.ts';
import { MAX_FAILURES_IN_A_ROW, WindowSlots } from './window-slots.ts';

const { planBackfill, nextWindows, closeBackfill } = control({
  startToCloseTimeout: '1 minute',
});

const pause = defineSignal<[Pause]>(backfillSignals.pause);
const resume = defineSignal(backfillSignals.resume);
const progress = defineQuery<BackfillProgress>(PROGRESS_QUERY);

/** What one run of the workflow reads before it continues as new: about ten events each. */
const WINDOWS_PER_RUN = 50;

/**
 * Reads a range of the past window by window, some at once, each as a `syncStream` in the lane `backfill`. Finished windows
 * are skipped, one that fails stops no other, and a backfill started again under its id goes on with what is left.
 */
export async function backfillStream(input: BackfillInput): Promise<BackfillReport> {
  const { workflowId: runId, runId: workflowRunId, continuedFromExecutionRunId } = workflowInfo();
  const { partner, concurrency } = input;
  let planned: PlannedBackfill | undefined;
  const show = (): void => setCurrentDetails(describeBackfill(state()));
  const slots = new WindowSlots({ concurrency, tally: input.soFar, paused: input.paused, onChange: () => show() });
  const state = (): BackfillProgress => progressOf(input, slots, planned);
  setHandler(pause, (asked) => slots.pause(asked));
  setHandler(resume, () => slots.resume());
  setHandler(progress, state);
  const begun = continuedFromExecutionRunId === undefined ? tell(partner, runId, 'begun') : undefined;

  let broken: unknown;
  try {
    const { plan, stream, generation } = input;
    const job = { runId, partner, stream, plan, generation };
    planned = await planBackfill({ ...job, workflowRunId, concurrency });
    show();
    const next = await nextWindows({ ...job, tally: slots.tally, limit: WINDOWS_PER_RUN });
    await slots.read({ partner, stream, runId, times: planned.times }, next);
    if (slots.failsAlways) broken = `${MAX_FAILURES_IN_A_ROW} windows in a row have failed`;
  } catch (error) {
    broken = error;
  }
  await begun;
  // Asked for while the last window ended: a run that continues as new would not know of it.
  if (CancellationScope.current().consideredCancelled) broken ??= new CancelledFailure('cancelled');
  if (broken === undefined && planned !== undefined && slots.tally.next < planned.windows)
    await continueAsNew<typeof backfillStream>({ ...input, soFar: slots.tally, paused: slots.paused });

  return CancellationScope.nonCancellable(async () => {
    const report = await closeBackfill({
      runId,
      tally: slots.tally,
      windows: planned?.windows ?? 0,
      broken: broken === undefined ? null : `${reasonOf(broken)}; start it again to go on with what is left`,
    });
    await tell(partner, runId, 'ended');
    upsertSearchAttributes(outcomeAttribute(report.outcome));
    setCurrentDetails(describeBackfillReport(report));
    if (isCancellation(broken)) throw broken;
    if (report.outcome === 'failed' || report.failed + report.suspect > 0)
      throw ApplicationFailure.nonRetryable(report.reason ?? 'failed', 'WindowsFailed', report);
    return report;
  });
}

function progressOf(input: BackfillInput, slots: WindowSlots, planned: PlannedBackfill | undefined): BackfillProgress {
  const { tally, running, paused } = slots;
  const windows = planned?.windows ?? 0;
  const left = leftOf(tally, windows);
  const estimate = estimateLeft({
    windows: left,
    ...paceOf(tally, input.concurrency),
    allowances: planned?.allowances ?? [],
  });
  return { ...tally, windows, left, running, paused, estimate };
}

function reasonOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (isCancellation(error)) return 'cancelled';
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
