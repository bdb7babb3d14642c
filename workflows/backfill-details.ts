import type { Estimate } from '../core/backfill-estimate.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import { formatDuration } from '../core/duration.ts';
import type { BackfillReport, BackfillProgress } from '../messages/backfill.ts';
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

/** The UI cuts what is too wide for its pane: outcomes that no window had are left out. */
function countsOf(of: BackfillTally & { readonly windows: number; readonly left: number }): string {
  const outcomes = (['partial', 'suspect', 'failed', 'skipped'] as const).filter((name) => of[name] !== 0);
  return table(
    ['windows', 'ok', ...outcomes, 'left', 'records', 'requests'],
    [[of.windows, of.ok, ...outcomes.map((name) => of[name]), of.left, of.rows, of.requests]],
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
