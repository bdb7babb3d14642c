import type { Pool } from 'pg';
import type { FoundPair } from '../../core/duplicates.ts';
import { beginChange, changePiece, type ChangeScope } from '../../store/duplicates/changes.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { numberClusters } from '../../store/duplicates/number-clusters.ts';
import { writePairs } from '../../store/duplicates/pairs.ts';
import { beginPlan, notePlanReady } from '../../store/duplicates/plans.ts';
import { transaction } from '../../store/session/transaction.ts';

let plans = 0;
const given = { by: 'tester', reason: 'a test' };

/** A plan of pairs as if they had been found, ready to be decided. */
export async function planPairs(
  pool: Pool,
  {
    name,
    pairs,
    largest = 50,
    from = [],
    follows = null,
  }: {
    readonly name: string;
    readonly pairs: readonly FoundPair[];
    readonly largest?: number;
    readonly from?: readonly object[];
    readonly follows?: number | null;
  },
): Promise<number> {
  return transaction(pool, async (client) => {
    const { plan, claim } = await beginPlan(client, {
      name,
      workflowId: `duplicates/${name}/${(plans += 1)}`,
      settings: { largest, from },
      follows,
      by: given.by,
    });
    await writePairs(client, { plan, claim, name, first: 1, merge: 0.9, pairs });
    await numberClusters(client, { plan, name, largest });
    await notePlanReady(client, { plan, claim, weights: {}, lookedAt: {}, counts: {} });
    return plan;
  });
}

export async function changePairs(
  pool: Pool,
  plan: number,
  action: 'apply' | 'undo',
  scope: ChangeScope = {},
): Promise<void> {
  const change = await beginChange(pool, { plan, action, scope, ...given });
  while (await changePiece(pool, change)) continue;
}

/** A plan that is approved and in force. */
export async function applyPairs(pool: Pool, of: Parameters<typeof planPairs>[1]): Promise<number> {
  const plan = await planPairs(pool, of);
  await decidePairs(pool, { plan, filter: {}, decision: 'merge', ...given });
  await changePairs(pool, plan, 'apply');
  return plan;
}
