import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { InvalidInput } from '../../core/errors.ts';
import { decideAll } from '../../store/duplicates/decide.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { whole } from '../pair-filter.ts';
import { givenReason, whoami } from '../person.ts';

const COLUMNS = ['plan', 'pair', 'decision'] as const;

/** Takes decisions from an edited export. The whole file is checked before anything is decided, and all of it is decided, or nothing. */
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
    const given = { by: whoami(), reason, again: true };
    const pairs = await decideAll(pool, {
      plan,
      decisions: (['merge', 'no'] as const).flatMap((decision) => {
        const numbers = [...decided].flatMap(([pair, of]) => (of === decision ? [pair] : []));
        return numbers.length === 0 ? [] : [{ filter: { pairs: numbers }, decision, ...given }];
      }),
    });
    output.json({ plan, pairs });
    output.say(`${pairs} decisions were taken from ${options.file}.`);
    return exitCodes.ok;
  });
}

async function readDecisions(file: string, plan: number): Promise<ReadonlyMap<number, 'merge' | 'no'>> {
  const decided = new Map<number, 'merge' | 'no'>();
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
      if (decision === '') continue;
      if (decision !== 'merge' && decision !== 'no')
        throw new InvalidInput(`${at}: decision: expected merge, no or nothing, found ${JSON.stringify(decision)}`);
      if ((decided.get(pair) ?? decision) !== decision)
        throw new InvalidInput(`${at}: pair ${pair} is decided twice in this file, as merge and as no`);
      decided.set(pair, decision);
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return decided;
}
