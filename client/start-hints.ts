import type { Client } from '@temporalio/client';
import { searchAttributesOf } from '../messages/attributes.ts';
import { noHints, type FollowHints, type FollowHintsInput } from '../messages/follow-hints.ts';
import type { Names } from '../messages/names.ts';

/** Has the records fetched that webhooks of a partner have named; does nothing where that is under way. */
export async function startHints(
  client: Client,
  { names, partner, times }: Omit<FollowHintsInput, 'soFar'> & { readonly names: Names },
): Promise<void> {
  await client.workflow.start<FollowHints>('followHints', {
    workflowId: names.hintsId(partner),
    taskQueue: names.workflowQueue,
    args: [{ partner, times, soFar: noHints }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: searchAttributesOf({ partner }),
    staticSummary: `${partner}: records that webhooks have named`,
  });
}
