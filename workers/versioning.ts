import type { WorkerOptions } from '@temporalio/worker';
import type { WorkerLimits } from '../config/worker-settings.ts';

/**
 * Worker Versioning, for those who ask for it by a build id. Governors live for ever and runs may wait for days: they move on to
 * the version that is current, where `patched` keeps old histories replaying, and no old worker has to stay for them.
 */
export function versioningOf(version: WorkerLimits['version']): Partial<WorkerOptions> {
  if (version === undefined) return {};
  return {
    workerDeploymentOptions: {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}
