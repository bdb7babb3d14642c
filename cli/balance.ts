import { fateCounts } from '../core/counts.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { Output } from './output.ts';

/** The balance of each stream, as people read it: fetched = the sum of what follows. */
export function printBalance(output: Output, streams: readonly StreamReport[]): void {
  const rows = streams.map((report) => ({
    stream: report.stream,
    outcome: `${report.outcome ?? report.state}${report.undone === undefined ? '' : ', undone'}`,
    fetched: report.counts.fetched,
    ...Object.fromEntries(fateCounts.map((name) => [name, report.counts[name]])),
    pages: report.pages,
    requests: report.requests,
  }));
  const shown = fateCounts.filter((name) => name !== 'deleted' || streams.some((report) => report.counts.deleted > 0));
  output.table(rows, ['stream', 'outcome', 'fetched', ...shown, 'pages', 'requests']);
  for (const report of streams) if (report.reason !== null) output.say(`${report.stream}: ${report.reason}`);
  for (const { stream, syncId, undone } of streams)
    if (undone !== undefined)
      output.say(
        `${stream}: undone at ${undone}, and counts no more (\`syncline undo list\`); \`syncline undo back ${syncId}\` takes that back`,
      );
  for (const { stream, counts, settled } of streams)
    if (settled !== undefined)
      output.say(`${stream}: ${settled} of ${counts.quarantined} quarantined records were settled since`);
}
