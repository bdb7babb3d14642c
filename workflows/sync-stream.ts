import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { PartnerActivities } from '../activities/index.ts';
import { control } from './control.ts';
import { LONG_WAIT_MS } from '../core/pause.ts';
import { outcomeAttribute } from '../messages/attributes.ts';
import { CANCELLED } from '../messages/cancelled.ts';
import type { GrantResult } from '../messages/grant.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import { signals } from '../messages/signals.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { StreamProgress, SyncStreamInput } from '../messages/sync-stream.ts';
import { describeProgress, describeReport } from './details.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';
import { ownNames } from './own-names.ts';

const { failStream } = control({ startToCloseTimeout: '1 minute' });

/** For people to see, and for the governor: the stream waits as long without it. */
const { noteWait } = control({
  startToCloseTimeout: '5 seconds',
  scheduleToCloseTimeout: '20 seconds',
});

/** Limits have changed: ask again now. */
const goOn = defineSignal(signals.goOn);

/** Reads one stream to its end: grant after grant, waiting on durable timers where the partner or a failure asks for it. */
export async function syncStream(input: SyncStreamInput): Promise<StreamReport> {
  const { partner, stream, lane, syncId, times } = input;
  const { pullStream } = proxyActivities<PartnerActivities>({
    taskQueue: ownNames().partnerQueue(partner),
    startToCloseTimeout: times.startToCloseMs,
    heartbeatTimeout: times.heartbeatTimeoutMs,
    priority: { priorityKey: lanePriority[lane], fairnessKey: stream },
    // Each failure brings its own delay with jitter (activities/failures.ts); this is for ends of workers.
    retry: { initialInterval: '1 second', backoffCoefficient: 1, maximumInterval: '1 second' },
  });
  const { times: _, soFar: __, ...job } = input;

  const governed = patched('governor');
  let signalled = 0;
  setHandler(goOn, () => {
    signalled++;
  });

  let progress = input.soFar;
  for (;;) {
    let grant: GrantResult;
    const signalledBefore = signalled;
    try {
      grant = await pullStream.executeWithOptions({ summary: `${stream} from page ${progress.pages + 1}` }, [
        { ...job, idleGrants: progress.idleGrants },
      ]);
    } catch (error) {
      return await fail({ ...input, soFar: progress }, reasonOf(error), error);
    }
    progress = add(progress, grant);
    if (grant.state === 'done') {
      upsertSearchAttributes(grant.report.outcome === null ? [] : outcomeAttribute(grant.report.outcome));
      setCurrentDetails(describeReport(grant.report));
      if (grant.report.outcome === 'failed')
        throw ApplicationFailure.nonRetryable(`${syncId}: ${grant.report.reason}`, 'StreamFailed', grant.report);
      return grant.report;
    }
    setCurrentDetails(describeProgress(progress, grant));
    if (progress.idleGrants > times.maxIdleGrants)
      return await fail(
        input,
        `the partner refused ${progress.idleGrants} times in a row: ${causeOf(grant)}`,
        undefined,
      );
    if (grant.state === 'deferred') {
      // Whoever looks for runs that are not `ok` finds it while it waits for a person.
      if (grant.reason === 'approval') upsertSearchAttributes(outcomeAttribute('deferred'));
      try {
        // What was decided while the grant was about to say what it waits for: it must not sleep through that.
        const heard = signalled > signalledBefore;
        const before = grant.reason === 'paused' ? signalledBefore : signalled;
        if (!heard || grant.reason === 'paused' || !patched('decided within a grant'))
          if (governed) await waitOrGoOn(input, grant, () => signalled > before);
          else await sleep(Math.max(0, Date.parse(grant.until) - Date.now()), { summary: waitSummary(grant) });
      } catch (error) {
        return await fail({ ...input, soFar: progress }, reasonOf(error), error);
      }
    }
    try {
      if (!isToContinueAsNew()) continue;
    } catch (error) {
      return await fail({ ...input, soFar: progress }, reasonOf(error), error);
    }
    await continueAsNew<typeof syncStream>({ ...input, soFar: progress });
  }
}

type Deferred = Extract<GrantResult, { state: 'deferred' }>;

async function waitOrGoOn(input: SyncStreamInput, grant: Deferred, mayGoOn: () => boolean): Promise<void> {
  const { partner, syncId } = input;
  const { until, cause, reason } = grant;
  const leftMs = (): number => Date.parse(until) - Date.now();
  if (leftMs() > LONG_WAIT_MS)
    await noteWait({ partner, syncId, until, cause, reason }).catch((error: unknown) => {
      if (isCancellation(error)) throw error;
    });
  await condition(mayGoOn, Math.max(1, leftMs()), { summary: waitSummary(grant) });
}

function add(progress: StreamProgress, grant: GrantResult): StreamProgress {
  const idle = grant.state === 'deferred' && grant.reason === 'limit' && grant.pages === 0 && grant.requests > 0;
  return {
    grants: progress.grants + 1,
    pages: progress.pages + grant.pages,
    rows: progress.rows + grant.rows,
    requests: progress.requests + grant.requests,
    idleGrants: grant.pages > 0 ? 0 : progress.idleGrants + (idle ? 1 : 0),
    ...(progress.ordered === true || (grant.state === 'deferred' && grant.reason === 'job') ? { ordered: true } : {}),
  };
}

/** Temporal takes 400 bytes and fails the workflow task over more. */
const waitSummary = ({ until, cause, reason }: Deferred): string =>
  (reason === 'paused' ? cause : `until ${until.slice(0, 19)}Z: ${cause}`).slice(0, 120);

const causeOf = (grant: GrantResult): string => (grant.state === 'deferred' ? grant.cause : 'no page came');

/** Failed or cancelled: the ledger says so and keeps the checkpoint, and the workflow ends in red. */
async function fail(input: SyncStreamInput, reason: string, error: unknown): Promise<never> {
  await CancellationScope.nonCancellable(async () => {
    if (input.soFar.ordered === true && isCancellation(error)) await abandon(input);
    const report = await failStream({ syncId: input.syncId, stream: input.stream, reason });
    upsertSearchAttributes(outcomeAttribute('failed'));
    if (report !== null) setCurrentDetails(describeReport(report));
  });
  if (isCancellation(error)) throw error;
  throw ApplicationFailure.nonRetryable(`${input.syncId}: ${reason}`, 'StreamFailed');
}

/** Nobody waits for a partner that does not answer: what goes on there ends by itself. */
async function abandon({ times: _times, soFar: _soFar, ...job }: SyncStreamInput): Promise<void> {
  const { abandonStream } = proxyActivities<PartnerActivities>({
    taskQueue: ownNames().partnerQueue(job.partner),
    scheduleToCloseTimeout: '30 seconds',
    retry: { maximumAttempts: 1 },
  });
  await abandonStream.executeWithOptions({ summary: `end what ${job.stream} has ordered` }, [job]).catch(() => {});
}

function reasonOf(error: unknown): string {
  if (isCancellation(error)) return CANCELLED;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
