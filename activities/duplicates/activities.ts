import { Context, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { InvalidInput } from '../../core/errors.ts';
import type {
  ApproveDuplicates,
  ChangeDuplicatesInput,
  DuplicatesChanged,
  FindDuplicatesInput,
  FoundDuplicates,
  PairsFound,
} from '../../messages/duplicates.ts';
import type { PlannedJoin, SlotOfJoin } from '../../messages/scheduled-join.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { approveJoining } from '../../store/duplicates/plan-to-follow.ts';
import { notePlanFailed } from '../../store/duplicates/plans.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { translated, translatedAlive } from '../translated.ts';
import { beginDuplicates, changeDuplicates } from './change-duplicates.ts';
import type { DuplicatesDeps } from './duplicates-deps.ts';
import { findDuplicates } from './find-duplicates.ts';
import { joinOutcome, planScheduledJoin } from './scheduled-join.ts';

/** Activities of finding duplicates, and of applying and undoing plans of them. */
export function duplicateActivities(deps: ActivityDeps) {
  return {
    /** Makes a plan of the duplicates there are. */
    findDuplicates: (input: FindDuplicatesInput): Promise<PairsFound> =>
      translatedAlive(deps, (progress) => {
        const { cancellationSignal: signal } = Context.current();
        return findDuplicates(duplicatesOf(deps), input, { signal, workflowId: workflowId(), progress });
      }),
    /** Finding has failed for good. */
    failDuplicates: (): Promise<void> => translated(deps, () => notePlanFailed(duplicatesOf(deps).pool, workflowId())),
    approveDuplicates: ({
      plan,
      by,
      reason,
      ...scope
    }: ApproveDuplicates & { readonly plan: number }): Promise<number> =>
      translated(deps, () =>
        decidePairs(duplicatesOf(deps).pool, {
          plan,
          filter: Object.keys(scope).length === 0 ? { found: 'merge' } : scope,
          decision: 'merge',
          by,
          reason,
        }),
      ),
    /** Of rows that came later: those of merged clusters. */
    approveJoining: (input: { plan: number; by: string; reason: string }): Promise<number> =>
      translated(deps, () => approveJoining(duplicatesOf(deps).pool, input)),
    beginDuplicates: (input: ChangeDuplicatesInput): Promise<readonly number[]> =>
      translated(deps, () => beginDuplicates(duplicatesOf(deps), input)),
    planScheduledJoin: (slot: SlotOfJoin): Promise<PlannedJoin> =>
      translated(deps, () => planScheduledJoin({ ...duplicatesOf(deps), names: deps.names }, slot)),
    /** null: it has not ended well. */
    joinOutcome: (input: Pick<PlannedJoin, 'workflowId'>): Promise<FoundDuplicates | null> =>
      translated(deps, () => joinOutcome(duplicatesOf(deps), input, isRunning)),
    changeDuplicates: ({ changes }: { readonly changes: readonly number[] }): Promise<DuplicatesChanged> =>
      translatedAlive(deps, (progress) =>
        changeDuplicates(duplicatesOf(deps), changes, { signal: Context.current().cancellationSignal, progress }),
      ),
  };
}

const workflowId = (): string => Context.current().info.workflowExecution?.workflowId ?? '';

function duplicatesOf({ duplicates }: ActivityDeps): DuplicatesDeps {
  if (duplicates === undefined) throw new InvalidInput('this worker looks for no duplicates');
  return duplicates;
}

/** One that Temporal has forgotten does not. */
async function isRunning(workflowId: string): Promise<boolean> {
  try {
    return (await getClient().workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
