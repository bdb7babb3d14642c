import { proxyActivities } from '@temporalio/workflow';
import type { TargetActivities } from '../activities/index.ts';
import type { ExportTargetInput, ExportTargetReport } from '../messages/export-target.ts';
import { ownNames } from './own-names.ts';

/** Has the worker of a target export it: nobody else can open a DuckDB file meanwhile. */
export async function exportTarget(input: ExportTargetInput): Promise<ExportTargetReport> {
  const { exportTarget: run } = proxyActivities<TargetActivities>({
    taskQueue: ownNames().targetQueue(input.target),
    startToCloseTimeout: '6 hours',
    heartbeatTimeout: '30s',
    retry: { maximumAttempts: 5 },
  });
  return run.executeWithOptions({ summary: input.target }, [input]);
}
