import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import type { PrunePartnerInput, PrunedStream } from '../messages/prune.ts';

// Killed in between, it finds again what is left.
const { pruneStream } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '10 seconds', maximumInterval: '10 minutes', maximumAttempts: 10 },
});

/** Removes what the streams of a partner need not keep any longer, one after the other. */
export async function prunePartner({ partner, streams }: PrunePartnerInput): Promise<readonly PrunedStream[]> {
  const done: PrunedStream[] = [];
  for (const stream of streams) {
    done.push(await pruneStream.executeWithOptions({ summary: `${partner} ${stream}` }, [{ partner, stream }]));
    setCurrentDetails(
      done.map(({ stream: name, lines, pages }) => `${name}: ${lines} events, ${pages} pages`).join('\n'),
    );
  }
  return done;
}
