import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { InvalidInput } from '../core/errors.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import { lanePriority } from '../messages/lane-priority.ts';
import type { Names } from '../messages/names.ts';
import type { ReconcileInput, ReconcileStream, RepairInput, RepairStream } from '../messages/reconcile.ts';

export interface StartedReconcile {
  readonly id: string;
  readonly stream: string;
  readonly handle: WorkflowHandle<ReconcileStream>;
}

/** Ends it after the pages it is at; started again under its label, it goes on from there. */
export async function cancelReconcile(client: Client, id: string): Promise<void> {
  try {
    await client.workflow.getHandle(id).cancel();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new InvalidInput(`${id} does not run now: \`syncline reconcile list\` shows how it ended`, { cause: error });
  }
}

/** Starts a reconciliation, joins the one that runs under its label, or finds the one that ended. One that failed goes on from its last page. */
export async function startReconcile(
  client: Client,
  names: Names,
  { label, ...input }: ReconcileInput & { readonly label: string },
): Promise<StartedReconcile> {
  const { partner, stream, level, range } = input;
  const id = names.reconcileId({ partner, stream, label });
  try {
    const handle = await client.workflow.start<ReconcileStream>('reconcileStream', {
      workflowId: id,
      taskQueue: names.workflowQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      priority: { priorityKey: lanePriority.backfill },
      typedSearchAttributes: searchAttributesOf({ partner, stream, kind: 'reconcile' }),
      staticSummary: `${partner} ${stream}: ${level}${range === null ? '' : ` of ${range.from.slice(0, 10)}..${range.to.slice(0, 10)}`}`,
    });
    return { id, stream, handle };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { id, stream, handle: client.workflow.getHandle<ReconcileStream>(id) };
  }
}

/** Starts a repair, joins the one that runs, or finds the one that ended: the same kinds of the same reconciliation are repaired once. */
export async function startRepair(
  client: Client,
  names: Names,
  input: RepairInput,
): Promise<{ readonly repairId: string; readonly handle: WorkflowHandle<RepairStream> }> {
  const { partner, stream, reconciliation, kinds } = input;
  const repairId = names.repairId({ reconciliation, kinds });
  try {
    const handle = await client.workflow.start<RepairStream>('repairStream', {
      workflowId: repairId,
      taskQueue: names.workflowQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'USE_EXISTING',
      priority: { priorityKey: lanePriority.backfill },
      typedSearchAttributes: searchAttributesOf({ partner, stream, kind: 'repair' }),
      staticSummary: `${partner} ${stream}: repairs ${kinds.join(', ')}`,
    });
    return { repairId, handle };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { repairId, handle: client.workflow.getHandle<RepairStream>(repairId) };
  }
}
