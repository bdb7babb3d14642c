import type { Client, ScheduleDescription } from '@temporalio/client';
import { presentOf } from '../client/schedules.ts';
import { scheduleKind, type ScheduleKind } from '../core/schedule.ts';

export interface ScheduleRow {
  readonly partner: string;
  readonly name: string;
  /** What it starts. */
  readonly kind: ScheduleKind;
  readonly cron: readonly string[];
  readonly timeZone: string;
  readonly streams: readonly string[];
  readonly paused: boolean;
  readonly note: string | null;
  /** ISO. */
  readonly next: string | null;
  readonly last: { readonly slot: string; readonly status: string; readonly outcome: string | null } | null;
  /** Runs of it that are going now. */
  readonly running: number;
  /** Runs that Temporal could not start in time, and those left out because another was going. */
  readonly missed: number;
  readonly skipped: number;
}

export const scheduleRows = (client: Client, found: readonly ScheduleDescription[]): Promise<readonly ScheduleRow[]> =>
  Promise.all(
    found.map(async (description) => {
      const { declared, paused, note } = presentOf(description);
      const { info } = description;
      const { partner, name, cron, timeZone } = declared;
      const streams = declared.kind === 'join' || declared.kind === 'compare' ? [] : declared.streams;
      return {
        ...{ partner, name, kind: scheduleKind(declared), cron, timeZone, streams, paused, note },
        next: info.nextActionTimes[0]?.toISOString() ?? null,
        last: await lastOf(client, description),
        running: info.runningActions.length,
        missed: info.numActionsMissedCatchupWindow,
        skipped: info.numActionsSkippedOverlap,
      };
    }),
  );

async function lastOf(client: Client, { info }: ScheduleDescription): Promise<ScheduleRow['last']> {
  const last = info.recentActions.at(-1);
  if (last === undefined) return null;
  const slot = last.scheduledAt.toISOString().replace('.000Z', 'Z');
  try {
    const run = await client.workflow.getHandle(last.action.workflow.workflowId).describe();
    const [outcome] = run.searchAttributes['SyncOutcome'] ?? [];
    return { slot, status: run.status.name.toLowerCase(), outcome: typeof outcome === 'string' ? outcome : null };
  } catch {
    // Past its retention.
    return { slot, status: 'forgotten', outcome: null };
  }
}
