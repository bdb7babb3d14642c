import type {
  CloseReconcileInput,
  CloseRepairInput,
  ComparedListing,
  ConfirmInput,
  PlanReconcileInput,
  ReconcilePlan,
  ReconcileReport,
  RepairInput,
  RepairPlan,
  RepairReport,
} from '../../messages/reconcile.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import type { PlannedReconcile, SlotOfReconcile } from '../../messages/scheduled-reconcile.ts';
import { translated, translatedAlive } from '../translated.ts';
import { closeRepair, planRepair, runOfRepair } from './repair.ts';
import { planScheduledReconcile, reconcileOutcome } from './scheduled.ts';
import { closeReconcile, compareListing, confirmFindings, planReconcile, type ComparedPlace } from './reconcile.ts';

/** Steps of reconciliations and their schedules on our own database. */
export const reconcileActivities = (deps: ActivityDeps) => ({
  planReconcile: (input: PlanReconcileInput): Promise<ReconcilePlan> =>
    translated(deps, () => planReconcile(deps, input)),
  compareListing: (input: ComparedPlace): Promise<ComparedListing> =>
    translatedAlive(deps, () => compareListing(deps, input)),
  confirmFindings: (input: ConfirmInput): Promise<void> => translatedAlive(deps, () => confirmFindings(deps, input)),
  closeReconcile: (input: CloseReconcileInput): Promise<ReconcileReport> =>
    translated(deps, () => closeReconcile(deps, input)),
  planRepair: (input: RepairInput): Promise<RepairPlan> => translated(deps, () => planRepair(deps, input)),
  closeRepair: (input: CloseRepairInput): Promise<RepairReport> =>
    translatedAlive(deps, () => closeRepair(deps, input)),
  planScheduledReconcile: (slot: SlotOfReconcile): Promise<readonly PlannedReconcile[]> =>
    translated(deps, () => planScheduledReconcile(deps, slot)),
  /** null: it has not ended well. */
  reconcileOutcome: (input: { readonly reconciliation: string }): Promise<ReconcileReport | null> =>
    translated(deps, () => reconcileOutcome(deps, input)),
  /** null: it has not ended well. */
  repairOutcome: ({ reconciliation, kinds }: Pick<RepairInput, 'reconciliation' | 'kinds'>): Promise<true | null> =>
    translated(deps, async () => {
      const syncId = runOfRepair(deps.names, { reconciliation, kinds });
      return (await deps.reconciler.hasRepaired(syncId)) ? true : null;
    }),
});
