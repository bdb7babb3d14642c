import type { Client } from '@temporalio/client';
import { streamOf } from '../core/table-name.ts';
import type { ApplyTarget, ApplyTargetTimes, PlaceInTarget } from '../messages/apply-target.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import { targetSignals } from '../messages/signals.ts';

export interface ToldTarget extends PlaceInTarget {
  readonly names: Names;
  /** `goOn`: a person says so, and what waits for one is tried now. */
  readonly signal?: keyof typeof targetSignals;
  readonly times?: Partial<ApplyTargetTimes>;
}

/** There is something to load into a target's table: starts its workflow, or wakes the one that runs. */
export async function tellTarget(
  client: Client,
  { names, target, partner, stream, signal = 'committed', times }: ToldTarget,
): Promise<void> {
  const place = { target, partner, stream };
  await client.workflow.signalWithStart<ApplyTarget>('applyTarget', {
    workflowId: names.targetId(place),
    taskQueue: names.workflowQueue,
    args: [times === undefined ? place : { ...place, times }],
    signal: targetSignals[signal],
    typedSearchAttributes: searchAttributesOf({ partner, stream: streamOf(stream) }),
    staticSummary: `${partner} ${stream} into ${target}`,
  });
}
