import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';

/** What a step is for: the Temporal UI shows it beside the name, which cannot change while runs that have it go on. */
const says = {
  planRun: () => 'which streams, and in which order',
  closeRun: () => 'sums the run up and ends it in the ledger',
  planBackfill: () => 'how many windows there are',
  nextWindows: () => 'which windows are next',
  closeBackfill: () => 'sums the backfill up and ends it in the ledger',
  planReconcile: ({ stream }) => `whether ${stream} can be compared`,
  compareListing: ({ stream }) => `where ${stream} and its first listing differ`,
  confirmFindings: ({ stream }) => `what of ${stream} differs still`,
  closeReconcile: () => 'sums the reconciliation up and ends it',
  breakComparison: ({ target, stream }) => `the comparison of ${stream} in ${target} has failed`,
  planRepair: ({ stream }) => `what of ${stream} is repaired`,
  closeRepair: () => 'which findings are repaired now',
  planScheduled: () => 'which window this slot stands for',
  planScheduledReconcile: () => 'which streams this slot compares, and what of them',
  reconcileOutcome: ({ reconciliation }) => `how ${reconciliation} ended`,
  repairOutcome: ({ reconciliation }) => `how the repair of ${reconciliation} ended`,
  planScheduledJoin: ({ name }) => `whether a plan of ${name} is in force`,
  joinOutcome: ({ workflowId }) => `how ${workflowId} ended`,
  planScheduledCompare: ({ target }) => `which tables of ${target} this slot compares`,
  compareOutcome: ({ target, stream }) => `what the comparison of ${stream} in ${target} came to`,
  runOutcome: ({ runId }) => `how ${runId} ended`,
  failStream: ({ stream }) => `${stream} ends as failed in the ledger`,
  streamReport: ({ syncId }) => `how ${syncId} stands in the ledger`,
  planRetry: () => 'what is read once more',
  closeRetry: () => 'sums the run up anew',
  tellOfWork: ({ partner, work }) =>
    `tells the governor of ${partner} that the run ${work.state === 'begun' ? 'begins' : 'has ended'}`,
  noteWait: ({ syncId }) => `why ${syncId} waits, for \`syncline runs show\``,
} satisfies { readonly [N in keyof ControlActivities]?: (input: Parameters<ControlActivities[N]>[0]) => string };

type Said = Pick<ControlActivities, keyof typeof says>;

/** Short steps on our own database, each with what it is for. */
export function control(options: ActivityOptions): Said {
  const proxies = proxyActivities<ControlActivities>(options);
  const said = {} as Record<string, unknown>;
  for (const name of Object.keys(says) as (keyof Said)[])
    said[name] = (input: never) =>
      // Temporal takes 400 bytes.
      proxies[name].executeWithOptions({ summary: says[name](input).slice(0, 120) }, [input]);
  return said as unknown as Said;
}
