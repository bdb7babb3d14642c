import type { Client, WorkflowHandle } from '@temporalio/client';
import { applyChange, catchUpSchedule } from '../../client/schedules.ts';
import { MINUTE } from '../../core/duration.ts';
import type { DeclaredSchedule } from '../../core/schedule.ts';
import { plainNames } from '../../messages/names.ts';
import { until } from './playing.ts';

/** Of a schedule that starts nothing by itself. */
export const timesOf = (partner: string, name: string) =>
  ({
    partner,
    name,
    cron: ['30 3 * * *'],
    timeZone: 'UTC',
    jitterMs: 0,
    overlap: 'queue',
    catchUpMs: MINUTE,
    pauseOnFailure: false,
    paused: true,
    note: null,
  }) as const;

/** Makes the schedule if need be, and starts one slot of it. */
export async function startSlotOf(client: Client, schedule: DeclaredSchedule): Promise<WorkflowHandle> {
  const { partner, name } = schedule;
  await applyChange(client, plainNames, { kind: 'create', id: plainNames.scheduleId({ partner, name }), to: schedule });
  const seen = await latest(client, schedule);
  const range = { from: new Date('2026-11-25T03:00:00Z'), to: new Date('2026-11-25T04:00:00Z') };
  await catchUpSchedule(client, plainNames, { partner, name }, range);
  await until(async () => (await latest(client, schedule)) !== seen);
  return client.workflow.getHandle(workflowIdOf(schedule), await latest(client, schedule));
}

const workflowIdOf = ({ partner, name }: DeclaredSchedule): string =>
  `${plainNames.scheduledRunId({ partner, name })}-2026-11-25T03:30:00Z`;

/** The run of the slot that began last; undefined: none has. */
const latest = (client: Client, schedule: DeclaredSchedule): Promise<string | undefined> =>
  client.workflow
    .getHandle(workflowIdOf(schedule))
    .describe()
    .then(
      ({ runId }) => runId,
      () => undefined,
    );
