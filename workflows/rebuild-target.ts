import { continueAsNew, defineQuery, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { TargetActivities } from '../activities/index.ts';
import type { RebuildSoFar, RebuildTarget, RebuildTargetReport } from '../messages/rebuild-target.ts';
import { PROGRESS_QUERY } from '../messages/signals.ts';
import { table } from './details.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';
import { ownNames } from './own-names.ts';

const progress = defineQuery<RebuildSoFar | null>(PROGRESS_QUERY);

/**
 * Makes a stream's table in a target anew beside the live one, step by step, in the process that has the target open, and lets it take
 * its place where the two differ. Whoever cancels it leaves the live table as it was.
 */
export async function rebuildTarget(input: Parameters<RebuildTarget>[0]): Promise<RebuildTargetReport> {
  const { target, partner, stream, action } = input;
  const { rebuildTarget: step } = proxyActivities<TargetActivities>({
    taskQueue: ownNames().targetQueue(target),
    startToCloseTimeout: '12 hours',
    heartbeatTimeout: '30 seconds',
    retry: { maximumInterval: '1 minute', maximumAttempts: 20 },
  });
  let soFar = input.soFar ?? null;
  setHandler(progress, () => soFar);
  for (;;) {
    const stepped = await step.executeWithOptions({ summary: `${action} ${partner} ${stream}` }, [{ ...input, soFar }]);
    if (stepped.state !== 'more') {
      setCurrentDetails(stepped.state === 'done' ? described(stepped.report) : `**Refused**: ${stepped.reason}`);
      return stepped;
    }
    ({ soFar } = stepped);
    setCurrentDetails(table(['events', 'of', 'fit no longer'], [[soFar.event, soFar.lastEvent, soFar.unfit.count]]));
    if (isToContinueAsNew()) await continueAsNew<typeof rebuildTarget>({ ...input, soFar });
  }
}

const described = ({
  differences: { changed, gone, came },
}: Extract<RebuildTargetReport, { state: 'done' }>['report']): string =>
  table(['changed', 'gone', 'new'], [[changed, gone, came]]);
