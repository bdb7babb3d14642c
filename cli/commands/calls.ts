import { InvalidInput } from '../../core/errors.ts';
import { countCalls, readCalls, type CallFilter, type CallStatusFilter } from '../../store/calls/read-calls.ts';
import { callColumns, callCells, callDetails } from '../call-cells.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import { sinceOf } from '../since.ts';

export interface CallsOptions {
  readonly run?: string;
  readonly since?: string;
  readonly status?: string;
  readonly request?: string;
  readonly limit: string;
  readonly json?: boolean;
}

interface CallsContext extends CommandContext<CallsOptions> {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Shows the call log: docs/calls.md. */
export async function calls({ config, output, options, partner, stream }: CallsContext): Promise<number> {
  const limit = positive('--limit', options.limit);
  const filter: Omit<CallFilter, 'limit'> = {
    partner,
    stream,
    workflowId: options.run,
    since: options.since === undefined ? undefined : sinceOf(options.since, Date.now()),
    status: options.status === undefined ? undefined : statusOf(options.status),
    requestId: options.request,
  };
  const [rows, counts] = await withDatabase(config, async (pool) => [
    await readCalls(pool, { ...filter, limit }),
    await countCalls(pool, filter),
  ]);
  output.json({ ...counts, shown: rows });
  if (rows.length === 0) {
    output.say('No such call is kept: docs/calls.md says which are, and for how long.');
    return exitCodes.ok;
  }
  output.table(
    rows.map((row) => callCells(row, partner !== undefined && stream !== undefined)),
    callColumns,
  );
  for (const line of rows.flatMap(callDetails)) output.say(line);
  output.say(
    `${counted(counts.calls, 'call')}, ${counted(counts.failed, 'failure')}${counts.calls > rows.length ? `; the last ${rows.length} are shown, --limit shows more` : ''}`,
  );
  return exitCodes.ok;
}

const counted = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;

function statusOf(text: string): CallStatusFilter {
  const words = ['2xx', '3xx', '4xx', '5xx', 'none', 'failed'] as const;
  const word = words.find((each) => each === text.toLowerCase());
  if (word !== undefined) return word;
  if (/^[1-5]\d\d$/.test(text)) return Number(text);
  throw new InvalidInput(`--status: expected a status such as 429, or ${words.join(', ')}, found "${text}"`);
}
