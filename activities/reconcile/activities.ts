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
import type { ActivityDeps } from '../index.ts';
import { translated, translatedAlive } from '../translated.ts';
import { closeRepair, planRepair } from './repair.ts';
import { closeReconcile, compareListing, confirmFindings, planReconcile, type ComparedPlace } from './reconcile.ts';

/** Steps of a reconciliation on our own database. */
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
});
