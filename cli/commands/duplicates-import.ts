import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { InvalidInput } from '../../core/errors.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { whole } from '../pair-filter.ts';
import { givenReason, whoami } from '../person.ts';

const COLUMNS = ['plan', 'pair', 'decision'] as const;

/** Takes decisions from an edited export. The whole file is checked before anything is decided. */
export async function importDecisions({
  config,
  output,
  options,
  plan: text,
}: CommandContext<{ readonly file: string; readonly reason: string }> & { readonly plan: string }): Promise<number> {
  const plan = whole('plan', text);
  const reason = givenReason(options.reason);
  const decided = await readDecisions(options.file, plan);
  return withDatabase(config, async (pool) => {
    await readPlan(pool, plan);
    let pairs = 0;
    for (const [decision, numbers] of decided)
      if (numbers.length > 0)
        pairs += await decidePairs(pool, {
          plan,
          filter: { pairs: numbers },
          decision,
          by: whoami(),
          reason,
          again: true,
        });
    output.json({ plan, pairs });
    output.say(`${pairs} decisions were taken from ${options.file}.`);
    return exitCodes.ok;
  });
}

async function readDecisions(
  file: string,
  plan: number,
): Promise<readonly (readonly ['merge' | 'no', readonly number[]])[]> {
  const merge: number[] = [];
  const no: number[] = [];
  const rows = createReadStream(file).pipe(parse({ columns: true, bom: true, info: true, relax_column_count: true }));
  try {
    for await (const { record, info } of rows as AsyncIterable<{
      record: Readonly<Record<string, string | undefined>>;
      info: { lines: number };
    }>) {
      const at = `${file}, line ${info.lines}`;
      for (const column of COLUMNS)
        if (record[column] === undefined)
          throw new InvalidInput(`${at}: there is no column ${column}: import a file that \`duplicates export\` wrote`);
      if (Number(record['plan']) !== plan)
        throw new InvalidInput(`${at}: expected plan ${plan}, found ${JSON.stringify(record['plan'])}`);
      const pair = whole(`${at}: pair`, record['pair'] as string);
      const decision = (record['decision'] as string).trim();
      if (decision === 'merge') merge.push(pair);
      else if (decision === 'no') no.push(pair);
      else if (decision !== '')
        throw new InvalidInput(`${at}: decision: expected merge, no or nothing, found ${JSON.stringify(decision)}`);
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return [
    ['merge', merge],
    ['no', no],
  ];
}
