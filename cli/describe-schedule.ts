import { assertNever } from '../core/assert-never.ts';
import type { ScheduleChange } from '../core/schedule.ts';

/** A change as lines of a diff. */
export function describeChange(change: ScheduleChange): readonly string[] {
  switch (change.kind) {
    case 'create': {
      const { cron, timeZone, covers, streams, paused } = change.to;
      const what = streams.length === 0 ? '' : `, only ${streams.join(', ')}`;
      return [`+ ${change.id}: ${cron.join(' and ')} ${timeZone}, window ${covers}${what}${paused ? ', paused' : ''}`];
    }
    case 'update':
      return change.fields.map(({ field, from, to }) => `~ ${change.id} ${field}: ${shown(from)} → ${shown(to)}`);
    case 'remove':
      return [`- ${change.id}: no definition has it; what it started goes on`];
    case 'unchanged':
      return [
        change.pausedByHand === null
          ? `= ${change.id}`
          : `= ${change.id}: stays paused by hand (${change.pausedByHand || 'no reason given'})`,
      ];
    default:
      return assertNever(change);
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
