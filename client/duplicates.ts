import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { InvalidInput } from '../core/errors.ts';
import type {
  ApproveDuplicates,
  ChangeDuplicates,
  ChangeDuplicatesInput,
  FindDuplicates,
  FindDuplicatesInput,
} from '../messages/duplicates.ts';
import type { Names } from '../messages/names.ts';
import { duplicateSignals } from '../messages/signals.ts';

/** Begins to look for duplicates. `label`: tells this search from others, such as the time. */
export function startFindDuplicates(
  client: Client,
  { names, label, ...input }: FindDuplicatesInput & { readonly names: Names; readonly label: string },
): Promise<WorkflowHandle<FindDuplicates>> {
  return client.workflow.start<FindDuplicates>('findDuplicates', {
    workflowId: names.duplicatesId({ name: input.name, label }),
    taskQueue: names.workflowQueue,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: input.join ? `new rows of ${input.name} join` : `duplicates of ${input.name}`,
  });
}

/** Applies or undoes a plan. While one of the two is under way, another one is refused with InvalidInput. */
export async function startChangeDuplicates(
  client: Client,
  { names, name, ...input }: ChangeDuplicatesInput & { readonly names: Names; readonly name: string },
): Promise<WorkflowHandle<ChangeDuplicates>> {
  try {
    return await client.workflow.start<ChangeDuplicates>('changeDuplicates', {
      workflowId: names.duplicatesPlanId({ name, plan: input.plan }),
      taskQueue: names.workflowQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `${input.action} plan ${input.plan} of ${name}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new InvalidInput(
      `plan ${input.plan} is being applied or undone now (${error.workflowId}): wait until that has ended`,
      { cause: error },
    );
  }
}

/** Approves a plan whose search waits for that, and has it applied. */
export const signalApproval = (client: Client, workflowId: string, approval: ApproveDuplicates): Promise<void> =>
  client.workflow.getHandle(workflowId).signal(duplicateSignals.approve, approval);
