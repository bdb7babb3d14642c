import type { Client } from '@temporalio/client';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';

/** There is something to load into a target's table: starts its workflow, or wakes the one that runs. */
export async function tellTarget(
  client: Client,
  told: { readonly names: Names; readonly target: string; readonly partner: string; readonly stream: string },
): Promise<void> {
  const { names, ...place } = told;
  await client.workflow.signalWithStart('applyTarget', {
    workflowId: names.targetId(place),
    taskQueue: names.workflowQueue,
    args: [place],
    signal: 'committed',
    signalArgs: [],
    typedSearchAttributes: searchAttributesOf({ partner: place.partner, stream: place.stream }),
    staticSummary: `${place.partner} ${place.stream} into ${place.target}`,
  });
}
