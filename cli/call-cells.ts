import { formatDuration } from '../core/duration.ts';
import type { ToldLimit } from '../core/call.ts';
import { visible } from '../core/visible.ts';
import type { CallRow } from '../store/calls/read-calls.ts';

export const callColumns = ['sent (UTC)', 'call', 'status', 'took', 'waited', 'bytes'] as const;

/** A call as a row of a table that fits a screen. `known`: the reader has named the stream. */
export const callCells = (call: CallRow, known: boolean): Readonly<Record<string, unknown>> => ({
  'sent (UTC)': secondOf(call),
  call: shorten(visible(`${known ? '' : `${placeOf(call)} `}${whatFor(call)}${call.method} ${call.path}`), 40),
  status: `${call.status ?? 'none'}${call.error === null ? '' : ` ${call.error}`}`,
  took: formatDuration(call.durationMs),
  waited: call.waitedMs < 10 ? '' : formatDuration(call.waitedMs),
  bytes: call.bytes,
});

/** Month and day too: a log is of some weeks. */
const secondOf = ({ at }: CallRow): string => at.slice(5, 19).replace('T', ' ');

/** A token may be for all streams. */
const placeOf = ({ partner, stream }: CallRow): string => (stream === '' ? partner : `${partner}.${stream}`);

const whatFor = ({ purpose, madeBy }: CallRow): string =>
  `${madeBy == null ? '' : `${madeBy}: `}${purpose === 'token' ? 'token ' : ''}`;

/** What a table has no room for, of a call that failed, or that said something of limits. */
export function callDetails(call: CallRow): readonly string[] {
  const { error, excerpt, code, attempt, workflowId, page, requestId, told } = call;
  if (error === null && told === null) return [];
  const facts = [
    ...(told === null ? [] : [toldWords(told)]),
    ...(code === null ? [] : [code]),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(page === null ? [] : [`page ${page}`]),
    ...(workflowId === null ? [] : [`run ${workflowId}`]),
    ...(requestId === null ? [] : [`request ${requestId}`]),
  ];
  const says = excerpt === null ? '' : `: ${excerpt}`;
  return [
    visible(`${secondOf(call)}  ${error ?? 'went well'}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}${says}`),
  ];
}

function toldWords({ kind, waitMs }: ToldLimit): string {
  const wait = waitMs === null ? '' : ` for ${formatDuration(waitMs)}`;
  if (kind === 'wait') return `asked to wait${wait}`;
  return kind === 'used-up' ? `said that nothing is left${wait}` : 'did not say how long to wait';
}

const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
