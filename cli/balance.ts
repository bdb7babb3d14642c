import { fateCounts } from '../core/counts.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { Output } from './output.ts';
import { took } from './took.ts';

/** How long each stream took, by its id; the ledger knows it, a run's own report does not. */
export type Times = ReadonlyMap<string, string>;

export const timesOf = (
  streams: readonly { readonly syncId: string; readonly startedAt: string; readonly finishedAt: string | null }[],
): Times => new Map(streams.map(({ syncId, startedAt, finishedAt }) => [syncId, took(startedAt, finishedAt)]));

/** Columns that are left out while they hold nothing but zeros: most tables never know them. */
const seldom: readonly string[] = ['deleted', 'stale', 'waiting'];

/** The balance of each stream, as people read it: fetched = the sum of what follows. */
export function printBalance(output: Output, streams: readonly StreamReport[], times: Times = new Map()): void {
  const rows = streams.map((report) => ({
    stream: report.stream,
    outcome: `${report.outcome ?? report.state}${report.undone === undefined ? '' : ', undone'}`,
    took: times.get(report.syncId),
    fetched: report.counts.fetched,
    ...Object.fromEntries(fateCounts.map((name) => [name, report.counts[name]])),
    pages: report.pages,
    requests: report.requests,
  }));
  const shown = fateCounts.filter(
    (name) => !seldom.includes(name) || streams.some((report) => report.counts[name] > 0),
  );
  const columns = ['stream', 'outcome', 'fetched', ...shown, 'pages', 'requests', ...(times.size > 0 ? ['took'] : [])];
  output.table(rows, columns);
  for (const report of streams) if (report.reason !== null) output.say(`${report.stream}: ${report.reason}`);
  for (const { stream, syncId, undone } of streams)
    if (undone !== undefined)
      output.say(
        `${stream}: undone at ${undone}, and no longer counts (\`syncline undo list\`); \`syncline undo back ${syncId}\` takes that back`,
      );
  for (const { stream, counts, settled } of streams)
    if (settled !== undefined)
      output.say(`${stream}: ${settled} of ${counts.quarantined} quarantined records were settled since`);
}
