import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { AppliedToTarget } from '../messages/apply-target.ts';
import { assertNever } from '../core/assert-never.ts';
import { table } from './details.ts';

/** Markdown for the Temporal UI's "current details". Counts and causes only. */
export function describeApplied(applied: AppliedToTarget): string {
  switch (applied.state) {
    case 'paused':
      return `**Paused**: ${applied.reason}`;
    case 'unwanted':
      return 'The definition does not write this stream to this target.';
    case 'attention':
      return `**Needs a person**: ${applied.reason}`;
    case 'caughtUp':
    case 'more': {
      const { event, lastEvent, rows, loads, unfit, building } = applied;
      const notes = [
        ...(building === null ? [] : [`Made anew beside: up to event ${building}`]),
        ...(unfit === 0 ? [] : [`**${unfit} events** fit the definition no longer and were left out`]),
      ];
      const counts = table(['cursor', 'behind', 'rows', 'loads'], [[event, lastEvent - event, rows, loads]]);
      return [counts, ...notes].join('\n\n');
    }
    default:
      return assertNever(applied);
  }
}

/** Why no worker could load for a while. */
export function describeDown(error: unknown): string {
  if (!(error instanceof ActivityFailure)) return `**Down**: ${String(error)}`;
  const { cause } = error;
  const isUnserved = cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
  return isUnserved
    ? '**No worker** serves this target: start one with --role target=NAME'
    : `**Down**: ${cause?.message ?? error.message}`;
}
