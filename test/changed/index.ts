import { sleep } from '@temporalio/workflow';
import * as workflows from '../../workflows/index.ts';

/** The product's workflows as a careless change would leave them: each waits a moment before it begins. */
const later =
  <Args extends unknown[], Result>(workflow: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    await sleep(1000);
    return workflow(...args);
  };

export const applyTarget = later(workflows.applyTarget);
export const backfillStream = later(workflows.backfillStream);
export const changeDuplicates = later(workflows.changeDuplicates);
export const compareTarget = later(workflows.compareTarget);
export const deliverAlert = later(workflows.deliverAlert);
export const exportTarget = later(workflows.exportTarget);
export const findDuplicates = later(workflows.findDuplicates);
export const followHints = later(workflows.followHints);
export const governPartner = later(workflows.governPartner);
export const prunePartner = later(workflows.prunePartner);
export const rebuildTarget = later(workflows.rebuildTarget);
export const reconcileStream = later(workflows.reconcileStream);
export const repairStream = later(workflows.repairStream);
export const retryStream = later(workflows.retryStream);
export const runJanitor = later(workflows.runJanitor);
export const scheduledCompare = later(workflows.scheduledCompare);
export const scheduledJoin = later(workflows.scheduledJoin);
export const scheduledReconcile = later(workflows.scheduledReconcile);
export const scheduledSync = later(workflows.scheduledSync);
export const syncPartner = later(workflows.syncPartner);
export const syncStream = later(workflows.syncStream);
export const watchAlerts = later(workflows.watchAlerts);
