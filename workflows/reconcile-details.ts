import type { ReconcileReport } from '../messages/reconcile.ts';
import { table } from './details.ts';

export const describeStep = (step: string): string => `It ${step}`;

/** Markdown for the Temporal UI's "current details". Counts only. */
export function describeReconcile(report: ReconcileReport): string {
  const { verdict, state, reason, seen, open, explained, unproven, inFlight } = report;
  const head = `**${verdict ?? state}**${reason === null ? '' : `: ${reason}`}`;
  const counts = table(
    ['compared', 'differ', 'explained', 'unproven', 'in flight'],
    [[seen ?? '', open, explained, unproven, inFlight]],
  );
  return `${head}\n\n${counts}`;
}
