import { fateCounts } from '../core/counts.ts';
import type { BucketView, QueueView } from '../core/limits-view.ts';
import { describePause } from '../core/person-pause.ts';
import type { Deferral } from '../messages/deferral.ts';
import type { GovernorState } from '../messages/govern-partner.ts';
import type { GrantResult } from '../messages/grant.ts';
import type { PlannedStream } from '../messages/plan-run.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { RunReport } from '../messages/sync-partner.ts';
import type { StreamProgress } from '../messages/sync-stream.ts';

/** Markdown for the Temporal UI's "current details". Counts and times only. */

export function describeProgress(progress: StreamProgress, grant: GrantResult): string {
  const waits = grant.state === 'deferred' ? `\n\n${describeWait(grant)}` : '';
  const { pages, rows, requests, grants } = progress;
  return `${table(['pages', 'records', 'requests', 'grants'], [[pages, rows, requests, grants]])}${waits}`;
}

const describeWait = ({ reason, until, cause }: Deferral): string =>
  reason === 'paused' ? `**Stands still**: ${cause}` : `**Waits** until ${until}: ${cause}`;

export function describeReport(report: StreamReport): string {
  return balanceTable([report]);
}

/** While the run goes on: what has ended, what runs and what waits for another stream first. */
export function describeStreams(
  planned: readonly PlannedStream[],
  ended: ReadonlyMap<string, StreamReport>,
  /** In words. */
  pauses: readonly string[] = [],
): string {
  const rows = planned.map(({ stream, lane, after }) => {
    const report = ended.get(stream);
    const waits = after !== null && !ended.has(after);
    const state = report === undefined ? (waits ? `waits for ${after}` : 'runs') : (report.outcome ?? report.state);
    return [stream, lane, state, report?.counts.fetched ?? '', report?.pages ?? ''];
  });
  const paused = pauses.map((pause) => `**Stands still**: ${pause}\n\n`).join('');
  return `${paused}${table(['stream', 'lane', 'state', 'fetched', 'pages'], rows)}`;
}

export function describeRun(run: RunReport): string {
  return `Outcome **${run.outcome}**${run.reason === null ? '' : `: ${run.reason}`}\n\n${balanceTable(run.streams)}`;
}

/** The governor's picture: what stands in the way first, then each limit. */
export function describeLimits({ limits, queue, pause, waits, runs, trouble }: GovernorState): string {
  if (limits === null) return `**Could not look yet**: ${trouble ?? 'just started'}`;
  const { paused, blocked, circuit, factor, alerts } = limits;
  const lines = [
    ...(trouble === null ? [] : [`**The last look failed**: ${trouble}`]),
    ...(paused === null || paused === undefined ? [] : [`**Nobody calls**: ${describePause(paused)}`]),
    ...(blocked === null ? [] : [`**Nobody calls** until ${blocked.until}: ${blocked.cause}`]),
    ...(pause === null ? [] : [`**Queue paused** until ${pause.until}: ${pause.cause}`]),
    ...(pause !== null || waits === null ? [] : [`**A stream waits** until ${waits.until}: ${waits.cause}`]),
    ...(queue === null ? [] : [`Queue: ${describeQueue(queue)}`]),
    ...(factor < 1 ? [`Speed: ${Math.round(factor * 100)} % of the declared one after a throttled answer`] : []),
    ...(circuit === null || circuit.state === 'closed' ? [] : [`Circuit **${circuit.state}**: ${circuit.lastError}`]),
    ...alerts.map(({ message, at }) => `Alert of ${at.slice(0, 16)}Z: ${message}`),
    `Runs: ${runs.length === 0 ? 'none' : runs.slice(0, 10).join(', ')}`,
  ];
  const head = ['limit', 'used', 'of', 'left', 'resets', 'per hour', 'gone at'];
  const use = limits.buckets.length === 0 ? [] : ['', table(...withoutEmpty(head, limits.buckets.map(limitCells)))];
  return [lines.map((line) => `- ${line}`).join('\n'), ...use].join('\n');
}

const describeQueue = ({ rate, reason, foreign }: QueueView): string => {
  const speed = rate === null ? 'no limit' : `${rate.toFixed(2)} grants/s at most`;
  return foreign
    ? `${speed}, set by a person, left alone${reason === null || reason === '' ? '' : `: ${reason}`}`
    : speed;
};

const minute = (at: string | null): string => (at === null ? '' : `${at.slice(0, 16)}Z`);

const limitCells = (bucket: BucketView): (string | number)[] => {
  const { name, kind, per, used, effective, left, resetsAt, pacePerHour, goneAt } = bucket;
  const of = `${Math.round(effective * 100) / 100}${per === '' ? ' at once' : ` per ${per}`}`.replaceAll(' ', '\u00a0');
  const use = kind === 'rate' ? '' : used;
  return [
    name,
    use,
    of,
    kind === 'rate' ? '' : left,
    minute(resetsAt),
    pacePerHour ?? '',
    left === 0 ? '' : minute(goneAt),
  ];
};

type Cells = readonly (string | number)[];

/** Without the columns in which no row says anything: the UI breaks times in two to make them fit. */
function withoutEmpty(head: readonly string[], rows: readonly Cells[]): [readonly string[], readonly Cells[]] {
  const keep = head.map((_, column) => rows.some((row) => row[column] !== ''));
  const kept = <T>(cells: readonly T[]): readonly T[] => cells.filter((_, column) => keep[column]);
  return [kept(head), rows.map(kept)];
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

export const table = (head: readonly string[], rows: readonly Cells[]): string =>
  [head.map(padded), head.map(() => '---'), ...rows.map((cells) => cells.map(padded))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const padded = (cell: string | number): string => `${cell}${GAP}`;
