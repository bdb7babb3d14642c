import {
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { TargetActivities } from '../activities/index.ts';
import {
  applyTargetTimes,
  type AppliedToTarget,
  type ApplyTargetInput,
  type ApplyTargetReport,
} from '../messages/apply-target.ts';
import { targetSignals } from '../messages/signals.ts';
import { describeApplied, describeDown } from './apply-details.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';
import { ownNames } from './own-names.ts';

const committed = defineSignal(targetSignals.committed);
const goOn = defineSignal(targetSignals.goOn);

/**
 * Keeps a stream's table in a target up to the log: loads when it is told of a commit, at most once per `every` of the target, and ends
 * when it is caught up and nothing comes. The cursor is in the target, so whoever cancels it, or kills a worker, loses nothing. A
 * target that is down is asked again for ever; what needs a person waits for one.
 */
export async function applyTarget(input: ApplyTargetInput): Promise<ApplyTargetReport> {
  const { target, partner, stream } = input;
  const times = { ...applyTargetTimes, ...input.times };
  const { applyTarget: apply } = proxyActivities<TargetActivities>({
    taskQueue: ownNames().targetQueue(target),
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: times.heartbeatTimeoutMs,
    // Not for ever in one activity: signals that come meanwhile would fill the history.
    scheduleToStartTimeout: '15 minutes',
    retry: { maximumInterval: '1 minute', maximumAttempts: 20 },
  });
  let told = true;
  let called = false;
  setHandler(committed, () => {
    told = true;
  });
  setHandler(goOn, () => {
    told = true;
    called = true;
  });
  const isTold = (): boolean => told;
  let soFar: ApplyTargetReport = { state: 'caughtUp', event: 0, rows: 0 };

  for (;;) {
    told = called = false;
    const startedMs = Date.now();
    let applied: AppliedToTarget | undefined;
    try {
      applied = await apply.executeWithOptions({ summary: `${partner} ${stream}` }, [{ target, partner, stream }]);
      setCurrentDetails(describeApplied(applied));
    } catch (error) {
      if (isCancellation(error)) throw error;
      setCurrentDetails(describeDown(error));
    }
    // Whoever ended the pause has said so while this load was about to say that it holds.
    if (applied?.state === 'paused' && called && patched('resumed within a load')) continue;
    if (applied?.state === 'paused' || applied?.state === 'unwanted') return { ...soFar, state: applied.state };
    if (isToContinueAsNew()) await continueAsNew<typeof applyTarget>(input);
    if (applied === undefined) {
      await condition(() => called, '1 minute', { summary: 'the target is down' });
      continue;
    }
    if (applied.state === 'attention') {
      await condition(() => called, times.attentionMs, { summary: 'waits for a person' });
      continue;
    }
    soFar = { ...soFar, event: applied.event, rows: soFar.rows + applied.rows };
    if (applied.state === 'more') continue;
    const quietMs = Math.max(times.quietMs, applied.everyMs);
    const woken = await condition(() => told, quietMs, { summary: 'caught up' });
    if (!woken && !isTold()) return soFar;
    const restMs = startedMs + applied.everyMs - Date.now();
    if (restMs > 0) await condition(() => called, restMs, { summary: 'gathers events for the next load' });
  }
}
