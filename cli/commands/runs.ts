import { listRuns, showRun } from '../../warehouse/postgres/inspect.ts';
import { printBalance } from '../balance.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import { workflowUrl } from '../workflow-url.ts';

export async function runsList({
  config,
  output,
  options,
}: CommandContext<{ partner?: string; limit: string }>): Promise<number> {
  const limit = positive('--limit', options.limit);
  const runs = await withDatabase(config, (pool) => listRuns(pool, { partner: options.partner, limit }));
  output.json(runs);
  if (runs.length === 0) output.say('No run yet: `syncline sync PARTNER` starts one.');
  else
    output.table(
      runs.map((run) => ({
        ...run,
        run: run.runId,
        outcome: run.outcome ?? 'running',
        started: run.startedAt.slice(0, 19),
        took: took(run.startedAt, run.finishedAt),
      })),
      ['run', 'kind', 'started', 'took', 'outcome'],
    );
  return exitCodes.ok;
}

export async function runsShow({ config, output, id }: CommandContext & { readonly id: string }): Promise<number> {
  const { run, streams } = await withDatabase(config, (pool) => showRun(pool, id));
  output.json({ run, streams });
  if (run !== null)
    output.say(
      `${run.runId}: ${run.outcome ?? 'running'}, started ${run.startedAt}${run.finishedAt === null ? '' : `, took ${took(run.startedAt, run.finishedAt)}`}`,
    );
  printBalance(output, streams);
  for (const stream of streams) {
    if (stream.range !== null) output.say(`${stream.stream} read ${stream.range}`);
    if (stream.deferredUntil !== null)
      output.say(
        `${stream.stream} is deferred until ${stream.deferredUntil} and then goes on by itself${stream.deferredCause === null ? '' : `: ${stream.deferredCause}`}`,
      );
  }
  if (config.uiUrl !== undefined) output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, id)}`);
  return exitCodes.ok;
}

const took = (from: string, to: string | null): string =>
  to === null ? '' : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)}s`;
