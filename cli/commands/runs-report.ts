import { writeFile } from 'node:fs/promises';
import { explain, InvalidInput } from '../../core/errors.ts';
import { readRun } from '../../ui/facts/read-run.ts';
import { runReport } from '../../ui/run-report.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { packageFacts } from '../package-facts.ts';

interface ReportContext extends CommandContext<{ readonly out?: string; readonly force?: boolean }> {
  readonly id: string;
}

/** A run as one HTML file to send to somebody. */
export async function runsReport({ config, output, options, id }: ReportContext): Promise<number> {
  const facts = await withDatabase(config, (pool) => readRun(pool, id));
  if (facts === undefined)
    throw new InvalidInput(`there is no run ${JSON.stringify(id)}: \`syncline runs list\` shows those there are`);
  const file = options.out ?? `${id.replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}.html`;
  const text = runReport(facts, `Syncline ${packageFacts().version}`);
  try {
    await writeFile(file, text, { flag: options.force === true ? 'w' : 'wx' });
  } catch (error) {
    const isThere = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
    throw new InvalidInput(
      isThere
        ? `${file} is there already: give another one with --out, or --force to write over it`
        : `--out: cannot write ${file} (${explain(error)})`,
    );
  }
  output.json({ run: id, file, bytes: Buffer.byteLength(text) });
  output.say(`Written: ${file}. It is one file that loads nothing, to send to somebody.`);
  return exitCodes.ok;
}
