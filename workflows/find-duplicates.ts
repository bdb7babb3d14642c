import { condition, defineSignal, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import type { ApproveDuplicates, FindDuplicatesInput, FoundDuplicates } from '../messages/duplicates.ts';
import { duplicateSignals } from '../messages/signals.ts';
import { table } from './details.ts';
import { makeChanges } from './make-changes.ts';

const approve = defineSignal<[ApproveDuplicates]>(duplicateSignals.approve);

// Killed, it finds anew: what a first attempt wrote goes.
const { findDuplicates: find } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '10 seconds', maximumInterval: '5 minutes', maximumAttempts: 5 },
});
const { approveDuplicates, approveJoining, failDuplicates } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '10 minutes',
  retry: { maximumInterval: '1 minute' },
});

/** Makes a plan of the duplicates there are. Where it goes on with a plan in force, or somebody approves it meanwhile, it applies it as well. */
export async function findDuplicates(input: FindDuplicatesInput): Promise<FoundDuplicates> {
  const { name, by, join, waitMs } = input;
  const approvals: ApproveDuplicates[] = [];
  setHandler(approve, (said) => {
    approvals.push(said);
  });
  setCurrentDetails(`looking for duplicates of ${name}`);
  const found = await find
    .executeWithOptions({ summary: join ? `${name}, rows that are new` : name }, [input])
    .catch(async (error: unknown) => {
      await failDuplicates();
      throw error;
    });
  const told = { ...found, applied: 0 };
  setCurrentDetails(described(told));
  const { plan } = found;
  if (join) {
    const reason = 'joins a merged cluster by the rules of the plan in force';
    if ((await approveJoining({ plan, by, reason })) === 0) return told;
    return applied(told, { by, reason });
  }
  if (waitMs === 0 || !(await condition(() => approvals.length > 0, waitMs))) return told;
  const said = approvals[0] as ApproveDuplicates;
  await approveDuplicates({ plan, ...said });
  return applied(told, said);
}

async function applied(
  found: FoundDuplicates,
  { by, reason }: Pick<ApproveDuplicates, 'by' | 'reason'>,
): Promise<FoundDuplicates> {
  const { links } = await makeChanges({ plan: found.plan, action: 'apply', scope: {}, by, reason });
  const done = { ...found, applied: links };
  setCurrentDetails(described(done));
  return done;
}

const described = ({ plan, pairs, merge, review, clusters, largest, applied: links }: FoundDuplicates): string =>
  table(
    ['plan', 'pairs', 'to merge', 'for a person', 'clusters', 'largest', 'applied'],
    [[plan, pairs, merge, review, clusters, largest, links]],
  );
