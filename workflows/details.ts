import type { GrantResult } from '../activities/pull/grant.ts';
import type { PlannedStream, RunReport } from '../activities/control.ts';
import { fateCounts } from '../core/counts.ts';
import type { StreamReport } from '../warehouse/warehouse.ts';
import type { StreamProgress } from './messages.ts';

/** Markdown for the Temporal UI's "current details". Counts and times only. */

export function describeProgress(progress: StreamProgress, grant: GrantResult): string {
  const waits = grant.state === 'deferred' ? `\n\n**Waits** until ${grant.until}: ${grant.cause}` : '';
  const { pages, rows, requests, grants } = progress;
  return `${table(['pages', 'records', 'requests', 'grants'], [[pages, rows, requests, grants]])}${waits}`;
}

export function describeReport(report: StreamReport): string {
  return balanceTable([report]);
}

/** While the run goes on: what has ended, what runs and what waits for another stream first. */
export function describeStreams(planned: readonly PlannedStream[], ended: ReadonlyMap<string, StreamReport>): string {
  const rows = planned.map(({ stream, lane, after }) => {
    const report = ended.get(stream);
    const waits = after !== null && !ended.has(after);
    const state = report === undefined ? (waits ? `waits for ${after}` : 'runs') : (report.outcome ?? report.state);
    return [stream, lane, state, report?.counts.fetched ?? '', report?.pages ?? ''];
  });
  return table(['stream', 'lane', 'state', 'fetched', 'pages'], rows);
}

export function describeRun(run: RunReport): string {
  return `Outcome **${run.outcome}**${run.reason === null ? '' : `: ${run.reason}`}\n\n${balanceTable(run.streams)}`;
}

/** The UI cuts what is too wide for its pane: fates that no record had are left out. */
function balanceTable(reports: readonly StreamReport[]): string {
  const fates = fateCounts.filter((name) => reports.some(({ counts }) => counts[name] !== 0));
  const head = ['stream', 'outcome', 'fetched', ...fates, 'pages'];
  const rows = reports.map(({ stream, outcome, state, counts, pages }) => [
    stream,
    outcome ?? state,
    counts.fetched,
    ...fates.map((name) => counts[name]),
    pages,
  ]);
  return table(head, rows);
}

/** The UI sets table cells without any space between them; no-break spaces survive Markdown. */
const GAP = '\u00a0\u00a0';

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head.map(padded), head.map(() => '---'), ...rows.map((cells) => cells.map(padded))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const padded = (cell: string | number): string => `${cell}${GAP}`;
