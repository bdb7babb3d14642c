import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import { leftoverWords } from '../core/leftover.ts';
import type { JanitorTally, RunJanitorInput } from '../messages/janitor.ts';
import { table } from './details.ts';

// Each may be killed anywhere and is done again: the report is the same one, and what is removed is noted with its removal.
const { lookForLeftovers, removeLeftovers, endJanitor } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '10 seconds', maximumInterval: '10 minutes', maximumAttempts: 20 },
});

/** Names what has stayed behind, in a report that the store keeps, and removes what nobody needs where it is told to. */
export async function runJanitor({ mode }: RunJanitorInput): Promise<JanitorTally> {
  const found = await lookForLeftovers({ mode });
  setCurrentDetails(describe(found));
  const { report } = found;
  const troubles = mode === 'apply' ? await removeLeftovers({ report }) : [];
  const ended = await endJanitor({ report, troubles });
  setCurrentDetails(describe(ended));
  return ended;
}

function describe({ report, kinds, troubles }: JanitorTally): string {
  const head = `\`syncline janitor show ${report}\` has the places.`;
  const rows = kinds.map(({ kind, places, count, removed }) => {
    const { what, by } = leftoverWords[kind];
    return [what, places, count, removed, by === 'person' ? 'a person' : by === 'janitor' ? 'the janitor' : 'nobody'];
  });
  return [
    kinds.length === 0 ? 'Nothing has stayed behind.' : head,
    ...(kinds.length === 0 ? [] : ['', table(['what', 'places', 'count', 'removed', 'who ends it'], rows)]),
    ...(troubles.length === 0 ? [] : ['', ...troubles.map((trouble) => `- ${trouble}`)]),
  ].join('\n');
}
