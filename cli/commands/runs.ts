import { InvalidInput } from '../../core/errors.ts';
import { listedOutcomes, listRuns } from '../../store/inspect/inspect.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { shortTime, took } from '../took.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';

export async function runsList({
  config,
  output,
  options,
}: CommandContext<{ partner?: string; outcome?: string; limit: string }>): Promise<number> {
  const { partner } = options;
  const limit = positive('--limit', options.limit);
  const outcome = options.outcome === undefined ? undefined : outcomeNamed(options.outcome);
  const runs = await withDatabase(config, (pool) => listRuns(pool, { partner, outcome, limit }));
  output.json(runs);
  if (runs.length === 0)
    output.say(
      partner === undefined && outcome === undefined
        ? 'No run yet: `syncline sync PARTNER` starts one.'
        : 'No such run: `syncline runs list` shows those of all partners and outcomes.',
    );
  else
    output.table(
      runs.map((run) => ({
        ...run,
        run: run.runId,
        outcome: `${run.outcome ?? 'running'}${run.undone > 0 ? ', undone' : ''}`,
        started: shortTime(run.startedAt),
        took: took(run.startedAt, run.finishedAt),
      })),
      ['run', 'kind', 'started', 'took', 'outcome'],
    );
  return exitCodes.ok;
}

function outcomeNamed(text: string): (typeof listedOutcomes)[number] {
  const found = listedOutcomes.find((each) => each === text);
  if (found === undefined)
    throw new InvalidInput(`--outcome: expected ${listedOutcomes.join(', ')}, found ${JSON.stringify(text)}`);
  return found;
}
