import type { Config } from '../../config/config.ts';
import { runIn } from '../cli/run-here.ts';
import type { Ended } from '../cli/run-syncline.ts';

/** Runs a line such as `syncline runs pause ID --reason 'why'` in this process, by the flags that the CLI knows. */
export async function commandLine(config: Config, line: string): Promise<Ended> {
  const ran = await runIn(config, wordsOf(line.replace(/^syncline /, '')));
  if (ran === undefined) throw new Error(`no command ran: ${line}`);
  return ran;
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
