import { CancellationScope, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { TargetActivities } from '../activities/index.ts';
import {
  compareTimes,
  type CompareSoFar,
  type CompareTargetInput,
  type CompareTargetReport,
} from '../messages/compare-target.ts';
import { control } from './control.ts';
import { ownNames } from './own-names.ts';
import { reasonOf } from './reason-of.ts';

const { breakComparison } = control({ startToCloseTimeout: '1 minute' });

/**
 * Compares a stream's table in a target with the one in the store, in the process that has the target open: counts and checksums, and where these differ
 * the rows, once the target has loaded what the store knew by then. What it found is in the store.
 */
export async function compareTarget(input: CompareTargetInput): Promise<CompareTargetReport> {
  const { target, partner, stream } = input;
  const { heartbeatTimeoutMs } = { ...compareTimes, ...input.times };
  const { compareTarget: step } = proxyActivities<TargetActivities>({
    taskQueue: ownNames().targetQueue(target),
    startToCloseTimeout: '12 hours',
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: { maximumInterval: '1 minute', maximumAttempts: 20 },
  });
  const { runId } = workflowInfo();
  const ends = (broken: string, isRefused: boolean): Promise<void> =>
    CancellationScope.nonCancellable(() => breakComparison({ target, partner, stream, runId, broken, isRefused }));
  let soFar: CompareSoFar | null = null;
  try {
    for (;;) {
      const summary = `${soFar === null ? 'sums' : 'rows'} ${partner} ${stream}`;
      const stepped = await step.executeWithOptions({ summary }, [{ target, partner, stream, runId, soFar }]);
      if (stepped.state === 'more') {
        ({ soFar } = stepped);
        if (stepped.afterMs > 0) await sleep(stepped.afterMs);
        continue;
      }
      setCurrentDetails(
        stepped.state === 'done'
          ? `**${stepped.verdict}**: comparison ${stepped.comparison}`
          : `**Refused**: ${stepped.reason}`,
      );
      if (stepped.state === 'refused') await ends(stepped.reason, true);
      return stepped;
    }
  } catch (error) {
    await ends(reasonOf(error), false);
    throw error;
  }
}
