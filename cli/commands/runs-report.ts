import { InvalidInput } from '../../core/errors.ts';
import { readRun } from '../../ui/facts/read-run.ts';
import { runReport } from '../../ui/run-report.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { packageFacts } from '../package-facts.ts';
import { writeReport } from '../write-report.ts';

interface ReportContext extends CommandContext<{ readonly out?: string; readonly force?: boolean }> {
  readonly id: string;
}

/** A run as one HTML file to send to somebody. */
export async function runsReport({ config, output, options, id }: ReportContext): Promise<number> {
  const facts = await withDatabase(config, (pool) => readRun(pool, id));
  if (facts === undefined)
    throw new InvalidInput(`there is no run ${JSON.stringify(id)}: \`syncline runs list\` shows those there are`);
  const file = options.out ?? `${id.replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}.html`;
  const bytes = await writeReport(file, runReport(facts, `Syncline ${packageFacts().version}`), options);
  output.json({ run: id, file, bytes });
  output.say(`Written: ${file}. It is one file that loads nothing, to send to somebody.`);
  return exitCodes.ok;
}
