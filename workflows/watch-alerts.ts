import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import type { AlertsLook, WatchAlertsInput } from '../messages/watch-alerts.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';

// One attempt: the next look is another one, and sees more.
const { lookAtAlerts } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '2 minutes',
  scheduleToStartTimeout: '5 minutes',
  retry: { maximumAttempts: 1 },
});

/** Looks for what is wrong, again and again, and has people told of it. One for an installation, started by its workers. */
export async function watchAlerts(input: WatchAlertsInput): Promise<void> {
  for (;;) {
    try {
      setCurrentDetails(describe(await lookAtAlerts()));
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      // Whoever waits for the heartbeat of the dead man's switch is told by its absence.
      setCurrentDetails(`the last look failed: ${error.cause?.message ?? error.message}`);
    }
    if (isToContinueAsNew()) await continueAsNew<typeof watchAlerts>(input);
    await sleep(input.everyMs, { summary: 'until the next look' });
  }
}

function describe({ open, silenced, pending, troubles }: AlertsLook): string {
  const lines = [`${open} alerts are open, ${silenced} of them silenced; ${pending} messages are on their way`];
  return [...lines, ...troubles.map((trouble) => `could not be looked at: ${trouble}`)].join('\n');
}
