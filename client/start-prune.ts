import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import type { PrunePartner, PrunePartnerInput } from '../messages/prune.ts';

/** Begins what retention has to do for a partner on a day, once; undefined: it was begun before. */
export async function startPrune(
  client: Client,
  { names, day, ...input }: PrunePartnerInput & { readonly names: Names; readonly day: string },
): Promise<WorkflowHandle<PrunePartner> | undefined> {
  const { partner } = input;
  try {
    return await client.workflow.start<PrunePartner>('prunePartner', {
      workflowId: names.pruneId({ partner, day }),
      taskQueue: names.workflowQueue,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      typedSearchAttributes: searchAttributesOf({ partner }),
      staticSummary: `${partner}: what need not be kept any longer`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}
