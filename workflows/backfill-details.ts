import type { BackfillReport } from '../activities/backfill.ts';
import type { Estimate } from '../core/backfill-estimate.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import { formatDuration } from '../core/duration.ts';
import type { BackfillProgress } from './backfill-messages.ts';
import { table } from './details.ts';

/** Markdown for the Temporal UI's "current details". Counts and times only. */
export function describeBackfill(state: BackfillProgress): string {
  const { paused, running, left } = state;
  const lines = [
    ...(paused ? ['**Paused**: no further window begins'] : []),
    `Reads: ${running.length === 0 ? 'none' : running.join(', ')}`,
    `Left: ${left} windows${describeEstimate(state.estimate)}`,
  ];
  return [lines.map((line) => `- ${line}`).join('\n'), '', countsOf(state), ...problemsOf(state)].join('\n');
}

export function describeBackfillReport(report: BackfillReport): string {
  const { outcome, reason } = report;
  return [
    `Outcome **${outcome}**${reason === null ? '' : `: ${reason}`}`,
    '',
    countsOf(report),
    ...problemsOf(report),
  ].join('\n');
}

function describeEstimate({ requests, ms, because }: Estimate): string {
  if (ms === null || because === null) return '';
  return `, ${requests === null ? '' : `about ${requests} requests, `}about ${formatDuration(ms)} by ${because}`;
}

function countsOf(of: BackfillTally & { readonly windows: number; readonly left: number }): string {
  const { windows, ok, partial, suspect, failed, skipped, left, rows, requests } = of;
  return table(
    ['windows', 'ok', 'partial', 'suspect', 'failed', 'skipped', 'left', 'records', 'requests'],
    [[windows, ok, partial, suspect, failed, skipped, left, rows, requests]],
  );
}

function problemsOf({ problems }: BackfillTally): string[] {
  if (problems.length === 0) return [];
  return [
    '',
    table(
      ['window', 'outcome', 'reason'],
      problems.map((each) => [each.window, each.outcome, cell(each.reason)]),
    ),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '/').replaceAll(/\s+/g, ' ');
