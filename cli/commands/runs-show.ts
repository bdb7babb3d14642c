import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { streamOf } from '../../core/table-name.ts';
import { loadPartner } from '../../definitions/load.ts';
import { countCalls } from '../../store/calls/read-calls.ts';
import { grantSums } from '../../store/inspect/grant-sums.ts';
import { listGrants, longestWaits } from '../../store/inspect/run-grants.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { printBalance, timesOf } from '../balance.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { explainRun, explainUnknown } from '../explain-run.ts';
import { printGrants, printWaits } from '../grant-lines.ts';
import { positive } from '../positive.ts';
import { describeTargetLag, lagsOfStream, readLags, type TargetLags } from '../target-lags.ts';
import { took } from '../took.ts';
import { workflowUrl } from '../workflow-url.ts';

const GRANTS = 20;

interface ShowContext extends CommandContext<{ readonly grants?: string }> {
  readonly id: string;
}

export async function runsShow({ config, output, options, id }: ShowContext): Promise<number> {
  const limit = options.grants === undefined ? undefined : positive('--grants', options.grants);
  const found = await withDatabase(config, async (pool) => {
    const shown = await showRun(pool, id).catch(async (error: unknown) => {
      const begins =
        error instanceof InvalidInput ? await explainUnknown({ config }, id).catch(() => undefined) : undefined;
      if (begins === undefined) throw error;
      return begins;
    });
    if ('says' in shown) return shown;
    const [explained, lags, calls, sums, longest, listed] = await Promise.all([
      explainRun({ config }, pool, shown),
      lagsOfRun(config, pool, shown.run?.partner ?? shown.streams[0]?.partner),
      countCalls(pool, { workflowId: id }),
      grantSums(pool, id),
      longestWaits(pool, id, GRANTS),
      listGrants(pool, id, { limit: limit ?? GRANTS }),
    ]);
    return { ...shown, explained, lags, calls, grants: { sums, longest, last: listed.grants, more: listed.more } };
  });
  if ('says' in found) {
    output.json({ run: null, streams: [], waits: [found], trouble: null });
    output.say(`${id}: started, but not in the ledger yet: ${found.says}`);
    if (found.todo !== null) output.say(`  → ${found.todo}`);
    return exitCodes.ok;
  }
  const { run, explained, lags, calls, grants } = found;
  const streams = found.streams.map((stream) => ({ ...stream, targets: lagsOfStream(lags, stream) }));
  output.json({ run, streams, waits: explained.streams, trouble: explained.trouble, calls, grants });
  if (run !== null)
    output.say(
      `${run.runId}: ${run.outcome ?? 'running'}, started ${run.startedAt}${run.finishedAt === null ? '' : `, took ${took(run.startedAt, run.finishedAt)}`}`,
    );
  printBalance(output, streams, timesOf(streams));
  for (const { stream, range } of streams) if (range !== null) output.say(`${stream} read ${range}`);
  for (const { stream, counts, accepted } of streams)
    if (accepted !== null)
      output.say(
        `${stream}: ${accepted.by} has accepted its ${counts.fetched} records as right at ${accepted.at.slice(0, 16).replace('T', ' ')} UTC: ${accepted.reason}`,
      );
  for (const lag of lags.lags)
    if (streams.some(({ stream }) => stream === streamOf(lag.stream))) output.say(describeTargetLag(lag, Date.now()));
  for (const { stream, says, todo } of explained.streams) {
    output.say(`${stream}: ${says}`);
    if (todo !== null) output.say(`  → ${todo}`);
  }
  if (explained.trouble !== null)
    output.say(`Only the ledger was asked, since Temporal does not answer: ${explained.trouble}`);
  printWaits(output, grants);
  if (limit !== undefined) printGrants(output, grants);
  if (calls.calls > 0) output.say(`calls: ${calls.calls}, failed: ${calls.failed}; see \`syncline calls --run ${id}\``);
  if (config.uiUrl !== undefined) output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, id)}`);
  return exitCodes.ok;
}

/** What a definition that does not load names is not known. */
async function lagsOfRun(
  { partnersDir: dir, env }: CommandContext['config'],
  pool: Pool,
  partner: string | undefined,
): Promise<TargetLags> {
  const definition =
    partner === undefined ? undefined : await loadPartner(partner, { dir, env }).catch(() => undefined);
  return readLags(pool, definition === undefined ? [] : [definition]);
}
