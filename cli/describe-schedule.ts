import { assertNever } from '../core/assert-never.ts';
import { formatDuration } from '../core/duration.ts';
import type { DeclaredSchedule, ScheduleChange } from '../core/schedule.ts';

/** A change as lines of a diff. */
export function describeChange(change: ScheduleChange): readonly string[] {
  switch (change.kind) {
    case 'create': {
      const { cron, timeZone, paused } = change.to;
      return [
        `+ ${change.id}: ${cron.join(' and ')} ${timeZone}, ${whatItStarts(change.to)}${paused ? ', paused' : ''}`,
      ];
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

/** A sync says its window, all others say what they are. */
function whatItStarts(declared: DeclaredSchedule): string {
  if (declared.kind === 'compare') return 'compare: its tables with those of the store';
  if (declared.kind === 'join') return 'join: new rows join merged clusters';
  const only = declared.streams.length === 0 ? '' : `, only ${declared.streams.join(', ')}`;
  if (declared.kind !== 'reconcile') return `window ${declared.covers}${only}`;
  const { level, lastMs, sample, repair } = declared;
  const what = [
    level,
    ...(lastMs === null ? [] : [`the last ${formatDuration(lastMs)}`]),
    ...(sample === null ? [] : [`a sample of ${sample}`]),
    ...(repair.length === 0 ? [] : [`repairs ${repair.join(', ')}`]),
  ];
  return `reconcile: ${what.join(', ')}${only}`;
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
