import { DAY } from '../../core/duration.ts';
import { dayOf } from '../../core/window.ts';
import { expectRepairable } from '../../definitions/expect-repairable.ts';
import type { CloseRepairInput, RepairInput, RepairPlan, RepairReport } from '../../messages/reconcile.ts';
import { grantTimes } from '../control.ts';
import type { ReconcileDeps } from './reconcile.ts';
import { streamOf } from './stream-of.ts';

/** Workflow id of the run that lands it. */
export const runOfRepair = (names: ReconcileDeps['names'], of: Pick<RepairInput, 'reconciliation' | 'kinds'>): string =>
  `${names.repairId(of)}/run`;

/** Checks that findings of these kinds can be repaired, and records the repair. */
export async function planRepair(deps: ReconcileDeps, input: RepairInput): Promise<RepairPlan> {
  const { reconciliation, kinds, by } = input;
  const stream = await streamOf(deps.partners, input);
  expectRepairable(stream, kinds);
  const syncId = runOfRepair(deps.names, { reconciliation, kinds });
  await deps.reconciler.openRepair({ syncId, reconciliation, kinds, by });
  return { syncId, window: `1970-01-01..${dayOf(deps.now() + DAY)}`, times: grantTimes(stream.partner, deps) };
}

export async function closeRepair(deps: ReconcileDeps, input: CloseRepairInput): Promise<RepairReport> {
  const { syncId, broken } = input;
  const stream = await streamOf(deps.partners, input);
  return { syncId, ...(await deps.reconciler.closeRepair({ stream, syncId, broken })), reason: broken };
}
