import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { OpenLook } from '../core/reconcile.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import {
  governorTimes,
  type GovernorNews,
  type GovernorState,
  type GovernorTimes,
  type GovernPartner,
} from '../messages/govern-partner.ts';
import type { Names } from '../messages/names.ts';
import { LIMITS_QUERY, signals } from '../messages/signals.ts';

/** Tells a partner's governor something, and starts it when it does not run: also when somebody has terminated it. */
export async function tellGovernor<Name extends keyof GovernorNews>(
  client: Client,
  told: {
    readonly names: Names;
    readonly partner: string;
    readonly signal: Name;
    readonly news: GovernorNews[Name];
    readonly times?: GovernorTimes;
  },
): Promise<void> {
  const { names, partner, signal, news, times = governorTimes } = told;
  await client.workflow.signalWithStart<GovernPartner, [GovernorNews[Name]]>('governPartner', {
    workflowId: names.governorId(partner),
    taskQueue: names.workflowQueue,
    args: [{ partner, times, runs: [] }],
    signal: signals[signal],
    signalArgs: [news],
    typedSearchAttributes: searchAttributesOf({ partner }),
    staticSummary: `limits of ${partner}`,
  });
}

/** What the governor knows; undefined when there is none, or no worker to answer for it. */
export async function askGovernor(
  client: Client,
  { names, partner }: { readonly names: Names; readonly partner: string },
): Promise<GovernorState | undefined> {
  try {
    return await client.connection.withDeadline(Date.now() + 5000, () =>
      client.workflow.getHandle(names.governorId(partner)).query<GovernorState>(LIMITS_QUERY),
    );
  } catch {
    return undefined;
  }
}

/**
 * Streams that wait on a timer ask for a permit now. Returns those that were told: one that has ended, or has not begun, sees by itself how things stand.
 * Whatever else kept it from telling one is thrown, after all others were told.
 */
export async function wakeStreams(client: Client, syncIds: readonly string[]): Promise<readonly string[]> {
  const told = await Promise.allSettled(
    syncIds.map((syncId) => client.workflow.getHandle(syncId).signal(signals.goOn)),
  );
  for (const one of told)
    if (one.status === 'rejected' && !(one.reason instanceof WorkflowNotFoundError)) throw one.reason;
  return syncIds.filter((_, at) => told[at]?.status === 'fulfilled');
}

/** The same of reconciliations. Returns those of which something was told. */
export async function wakeLooks(client: Client, looks: readonly OpenLook[]): Promise<readonly string[]> {
  const told = new Set(
    await wakeStreams(
      client,
      looks.flatMap(({ reconciliation, syncId }) => [reconciliation, syncId]),
    ),
  );
  const heard = looks.filter(({ reconciliation, syncId }) => told.has(reconciliation) || told.has(syncId));
  return [...new Set(heard.map(({ reconciliation }) => reconciliation))];
}

/** Those of some workflows that still run. One that cannot be asked for now counts as running. */
export async function stillRunning(client: Client, workflowIds: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    workflowIds.map(async (workflowId) => {
      const status = await client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          (description) => description.status.name,
          (error: unknown) => (error instanceof WorkflowNotFoundError ? 'GONE' : 'RUNNING'),
        );
      return status === 'RUNNING' ? [workflowId] : [];
    }),
  );
  return found.flat();
}
