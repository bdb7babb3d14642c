import { CancellationScope } from '@temporalio/workflow';
import { control } from './control.ts';

/** The work needs no governor: without one it goes on all the same. */
const { tellOfWork } = control({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 minute',
});

/** Beside the work, not before it; what it does is over when the run is cancelled, but never half told. */
export function tell(partner: string, runId: string, state: 'begun' | 'ended'): Promise<void> {
  return CancellationScope.nonCancellable(() => tellOfWork({ partner, work: { runId, state } })).catch(() => {});
}
