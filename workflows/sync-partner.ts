import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  defineSignal,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { control } from './control.ts';
import { noCounts } from '../core/counts.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import { CANCELLED } from '../messages/cancelled.ts';
import type { PlannedStream, RunPlan } from '../messages/plan-run.ts';
import { signals } from '../messages/signals.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport, SyncPartnerInput } from '../messages/sync-partner.ts';
import { describeRun, describeStreams } from './details.ts';
import { ownNames } from './own-names.ts';
import { runStream } from './run-stream.ts';
import { startOrJoin } from './start-or-join.ts';
import { tell } from './tell-of-work.ts';

const { planRun, closeRun, streamReport, failStream } = control({
  startToCloseTimeout: '1 minute',
});

/** What people have paused, in words: for people to see; the database is what holds. */
const pausesNow = defineSignal<[readonly string[]]>(signals.pauses);

/** Syncs the streams of a partner for one window. A stream that fails stops no other; the run says so at its end. */
export async function syncPartner(input: SyncPartnerInput): Promise<RunReport> {
  const { workflowId: runId, runId: workflowRunId } = workflowInfo();
  const governed = patched('governor');
  const plan = await planRun({ ...input, runId, workflowRunId });
  const run: Run = { input, plan, runId };
  const begun = governed ? tell(input.partner, runId, 'begun') : undefined;

  const ended = new Map<string, StreamReport>();
  let pauses: readonly string[] = [];
  const showProgress = (): void => setCurrentDetails(describeStreams(plan.streams, ended, pauses));
  showProgress();
  setHandler(pausesNow, (told) => {
    pauses = told;
    if (ended.size < plan.streams.length) showProgress();
  });
  const started = new Map<string, Promise<StreamReport>>();
  for (const planned of plan.streams)
    started.set(
      planned.stream,
      syncAfterNeed(planned, started, run).then((report) => {
        ended.set(planned.stream, report);
        showProgress();
        return report;
      }),
    );
  const settled = await Promise.allSettled(started.values());
  const broken = settled.find((result) => result.status === 'rejected');

  return CancellationScope.nonCancellable(async () => {
    // Streams without an end count too, or a cancelled run whose other streams are well would be green.
    const reports = await Promise.all(
      plan.streams.map(async (planned) => ended.get(planned.stream) ?? (await brokenOff(planned, run, broken?.reason))),
    );
    const [report] = await Promise.all([
      closeRun({ runId, reports }),
      begun?.then(() => tell(input.partner, runId, 'ended')),
    ]);
    upsertSearchAttributes(outcomeAttribute(report.outcome));
    setCurrentDetails(describeRun(report));
    if (broken !== undefined) throw broken.reason;
    const failed = report.streams.filter((each) => each.outcome === 'failed');
    if (failed.length > 0)
      throw ApplicationFailure.nonRetryable(
        failed.map((each) => `${each.stream}: ${each.reason}`).join('; '),
        'StreamsFailed',
        report,
      );
    return report;
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

/** A stream that fails is a report as well. */
async function syncOne(planned: PlannedStream, run: Run): Promise<StreamReport> {
  const { stream, lane } = planned;
  const { partner, window, kind } = run.input;
  const syncId = syncIdOf(planned, run);
  try {
    return await startOrJoin({
      start: () => runStream({ partner, stream, syncId, runId: run.runId, window, kind, lane, times: run.plan.times }),
      done: async () => {
        const report = await streamReport({ syncId });
        return report?.state === 'done' ? report : null;
      },
      waiting: `${stream} runs elsewhere already`,
    });
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure) || (isCancellation(error) && !endedAlone(error))) throw error;
    return childFailed(planned, run, error);
  }
}

/** Somebody has cancelled this stream and not the run: the others go on, and the run tells of it at its end. */
function endedAlone(error: ChildWorkflowFailure): boolean {
  return isCancellation(error) && !CancellationScope.current().consideredCancelled && patched('stream cancelled alone');
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ChildWorkflowFailure || error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause ?? error);
}

/** Its own words are in the ledger, unless it was ended from outside (terminated) and could say nothing. */
async function childFailed(planned: PlannedStream, run: Run, error: unknown): Promise<StreamReport> {
  const syncId = syncIdOf(planned, run);
  const report = await streamReport({ syncId });
  if (report !== null && report.state !== 'running') return report;
  const reason = reasonOf(error);
  return (await failStream({ syncId, stream: planned.stream, reason })) ?? failedReport(planned, run, reason);
}

/** The stream may run on under another parent: its row in the ledger is not ours to end. */
async function brokenOff(planned: PlannedStream, run: Run, error: unknown): Promise<StreamReport> {
  const report = await streamReport({ syncId: syncIdOf(planned, run) });
  if (report !== null && report.state !== 'running') return report;
  const failed = failedReport(planned, run, isCancellation(error) ? CANCELLED : reasonOf(error));
  return report === null
    ? failed
    : { ...failed, counts: report.counts, pages: report.pages, requests: report.requests };
}

const syncIdOf = ({ stream }: PlannedStream, { input }: Run): string => ownNames().streamSyncId({ ...input, stream });

function failedReport(planned: PlannedStream, run: Run, reason: string): StreamReport {
  return {
    stream: planned.stream,
    syncId: syncIdOf(planned, run),
    state: 'failed',
    outcome: 'failed',
    reason,
    counts: noCounts,
    removed: 0,
    pages: 0,
    requests: 0,
  };
}
