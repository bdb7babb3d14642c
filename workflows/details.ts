import type { GrantResult } from '../activities/pull/grant.ts';
import type { RunReport } from '../activities/control.ts';
import { fateCounts, type Counts } from '../core/counts.ts';
import type { StreamReport } from '../warehouse/warehouse.ts';
import type { StreamProgress } from './messages.ts';

/** Markdown for the Temporal UI's "current details". Counts and times only. */

export function describeProgress(progress: StreamProgress, grant: GrantResult): string {
  const waits = grant.state === 'deferred' ? `\n\n**Waits** until ${grant.until}: ${grant.cause}` : '';
  return `| pages | records | requests | grants |\n|---|---|---|---|\n| ${progress.pages} | ${progress.rows} | ${progress.requests} | ${progress.grants} |${waits}`;
}

export function describeReport(report: StreamReport): string {
  return balanceTable([report]);
}

export function describeRun(run: RunReport): string {
  return `Outcome **${run.outcome}**${run.reason === null ? '' : `: ${run.reason}`}\n\n${balanceTable(run.streams)}`;
}

function balanceTable(reports: readonly StreamReport[]): string {
  const head = ['stream', 'outcome', 'fetched', ...fateCounts, 'pages'];
  const rows = reports.map((report) => [
    report.stream,
    report.outcome ?? report.state,
    ...(['fetched', ...fateCounts] satisfies (keyof Counts)[]).map((name) => report.counts[name]),
    report.pages,
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
