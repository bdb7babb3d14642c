import type { FoundDuplicates } from '../../messages/duplicates.ts';
import type { Names } from '../../messages/names.ts';
import type { PlannedJoin, SlotOfJoin } from '../../messages/scheduled-join.ts';
import { planInForce } from '../../store/duplicates/plan-to-follow.ts';
import { findPlan } from '../../store/duplicates/plans.ts';
import type { DuplicatesDeps } from './duplicates-deps.ts';
import { foundOf } from './find-duplicates.ts';

/** What a slot joins, and how far it has come: its id is the same whenever it is run. */
export async function planScheduledJoin(
  { pool, names }: Pick<DuplicatesDeps, 'pool'> & { readonly names: Names },
  { name, slotMs }: SlotOfJoin,
): Promise<PlannedJoin> {
  const label = new Date(slotMs).toISOString().replace('.000Z', 'Z');
  const workflowId = names.duplicatesId({ name, label });
  const before = await findPlan(pool, workflowId);
  // One whose pairs were applied, and perhaps undone since, is not taken up again: Temporal may have forgotten its workflow.
  const done = before?.changed === true ? await joinOutcome({ pool }, { workflowId }) : null;
  return { workflowId, inForce: (await planInForce(pool, name)) !== undefined, done };
}

/** null: nothing was found to its end, or its workflow runs: what it has found may not be applied yet. */
export async function joinOutcome(
  { pool }: Pick<DuplicatesDeps, 'pool'>,
  { workflowId }: Pick<PlannedJoin, 'workflowId'>,
  isRunning: (workflowId: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<FoundDuplicates | null> {
  // Before the plan is read: what it has done by its end is there.
  const runs = await isRunning(workflowId);
  const found = await findPlan(pool, workflowId);
  if (found?.state !== 'ready' || runs) return null;
  return { ...foundOf(found), applied: found.applied };
}
