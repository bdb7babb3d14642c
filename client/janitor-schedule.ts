import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptionsStartWorkflowAction,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { DAY } from '../core/duration.ts';
import type { JanitorMode } from '../core/leftover.ts';
import type { RunJanitor } from '../messages/janitor.ts';
import type { Names } from '../messages/names.ts';

export interface JanitorSchedule {
  readonly names: Names;
  readonly mode: JanitorMode | 'off';
  /** Five fields, in UTC. */
  readonly cron: string;
}

type Action = ScheduleOptionsStartWorkflowAction<RunJanitor>;

const settings = (
  names: Names,
  { mode, cron }: { readonly mode: JanitorMode; readonly cron: string },
): Omit<ScheduleUpdateOptions<Action>, 'state'> => ({
  spec: { cronExpressions: [cron], timezone: 'UTC' },
  action: {
    type: 'startWorkflow',
    workflowType: 'runJanitor',
    workflowId: names.janitorRunId,
    taskQueue: names.workflowQueue,
    args: [{ mode }],
    staticSummary: 'names what has stayed behind',
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: DAY, pauseOnFailure: false },
});

/**
 * Returns what keeps the schedule: at first it is made as these settings say, later only where it is gone. So workers of two versions do
 * not change it back and forth: the last one that started has said it. A pause that a person made stays.
 */
export function keepJanitor(client: Client, { names, mode, cron }: JanitorSchedule): () => Promise<void> {
  let isSet = false;
  return async () => {
    if (mode !== 'off') await make(client, names, { mode, cron, update: !isSet });
    else if (!isSet) await remove(client, names);
    isSet = true;
  };
}

async function make(
  client: Client,
  names: Names,
  { update, ...of }: { readonly mode: JanitorMode; readonly cron: string; readonly update: boolean },
): Promise<void> {
  try {
    await client.schedule.create({ ...settings(names, of), scheduleId: names.janitorScheduleId });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (update)
      await client.schedule
        .getHandle(names.janitorScheduleId)
        .update(({ state }) => ({ ...settings(names, of), state: { paused: state.paused, note: state.note ?? '' } }));
  }
}

async function remove(client: Client, names: Names): Promise<void> {
  try {
    await client.schedule.getHandle(names.janitorScheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
