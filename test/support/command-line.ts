import { Command, Option } from 'commander';
import type { Run } from '../../cli/command.ts';
import { addRunControl } from '../../cli/run-control.ts';
import type { Config } from '../../config/config.ts';
import { said, type Said } from './said.ts';

/** Runs a line such as `syncline runs pause ID --reason 'why'` in this process, by the flags that the CLI knows. */
export async function commandLine(config: Config, line: string): Promise<Said> {
  let ran: Said | undefined;
  const run: Run = (work) => async (options) => {
    ran = await said(config, options, work);
  };
  const program = new Command().exitOverride();
  addRunControl({
    runs: program.command('runs'),
    partners: program.command('partners'),
    run,
    json: new Option('--json'),
  });
  await program.parseAsync(wordsOf(line.replace(/^syncline /, '')), { from: 'user' });
  if (ran === undefined) throw new Error(`no command ran: ${line}`);
  return ran;
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
