import { proxyActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import type { ChangeDuplicatesInput, DuplicatesChanged } from '../messages/duplicates.ts';

const { beginDuplicates } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
// In pieces, each a transaction: killed, it goes on where it was.
const { changeDuplicates } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Applies or undoes a plan of duplicates. */
export async function makeChanges(input: ChangeDuplicatesInput): Promise<DuplicatesChanged> {
  const summary = `${input.action} plan ${input.plan}`;
  const changes = await beginDuplicates.executeWithOptions({ summary: `${summary}: begin` }, [input]);
  return changeDuplicates.executeWithOptions({ summary }, [{ changes }]);
}
