import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { stringify } from 'csv-stringify/sync';
import type { Pool } from 'pg';
import { explain, InvalidInput } from '../../core/errors.ts';
import { fieldsFrom, type DuplicateSettings } from '../../definitions/duplicates.ts';
import { readPairValues, type ReadRows } from '../../store/duplicates/pair-values.ts';
import { readPairs, type PairFilter, type PlannedPair } from '../../store/duplicates/pairs.ts';
import { readPlan, type DuplicatePlan } from '../../store/duplicates/plans.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { pairHtml, planHead, planTail } from '../plan-html.ts';
import { filterOf, whole } from '../pair-filter.ts';
import type { ShowOptions } from './duplicates.ts';

/** So many pairs, with the values of their rows, are in memory at once. */
const STEP = 500;

interface Export {
  readonly plan: DuplicatePlan;
  readonly settings: DuplicateSettings;
  readonly filter: PairFilter;
}

/** Writes a plan to a file, with what its rows say now. */
export async function exportDuplicates({
  config,
  output,
  options,
  plan: text,
}: CommandContext<ShowOptions & { readonly out: string }> & { readonly plan: string }): Promise<number> {
  const number = whole('plan', text);
  const filter = filterOf(options);
  const file = options.out;
  const write = /\.csv$/i.test(file) ? csvOf : /\.html?$/i.test(file) ? htmlOf : undefined;
  if (write === undefined) throw new InvalidInput(`--out: expected a file that ends in .csv or .html, found ${file}`);
  return withDatabase(config, async (pool) => {
    const plan = await readPlan(pool, number);
    const pairs = await writeTo(file, write(pool, { plan, settings: plan.settings as DuplicateSettings, filter }));
    output.json({ plan: number, file, pairs });
    output.say(`${pairs} pairs were written to ${file}. It holds personal data if your records do.`);
    return exitCodes.ok;
  });
}

/** Returns how many pairs; half a file does not stay. */
async function writeTo(
  file: string,
  parts: AsyncIterable<{ readonly text: string; readonly pairs: number }>,
): Promise<number> {
  const out = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await once(out, 'open');
  } catch (error) {
    throw new InvalidInput(`--out: cannot write ${file} (${explain(error)})`, { cause: error });
  }
  let pairs = 0;
  try {
    for await (const part of parts) {
      pairs += part.pairs;
      if (!out.write(part.text)) await once(out, 'drain');
    }
    out.end();
    await finished(out);
    return pairs;
  } catch (error) {
    out.destroy();
    await rm(file, { force: true });
    throw error;
  }
}

async function* pages(
  pool: Pool,
  { plan, filter }: Export,
): AsyncGenerator<{ readonly pairs: readonly PlannedPair[]; readonly rows: ReadRows }> {
  for (let after: PlannedPair | undefined; ;) {
    const pairs = await readPairs(pool, {
      plan: plan.plan,
      filter,
      limit: STEP,
      ...(after === undefined ? {} : { after }),
    });
    if (pairs.length === 0) return;
    yield { pairs, rows: await readPairValues(pool, { plan: plan.plan, pairs }) };
    after = pairs.at(-1);
  }
}

/** A spreadsheet would run a value that begins with `=`. */
const lines = (rows: readonly (readonly unknown[])[]): string => stringify([...rows], { escape_formulas: true });

async function* csvOf(pool: Pool, of: Export): AsyncGenerator<{ readonly text: string; readonly pairs: number }> {
  const fields = fieldsFrom(of.settings);
  const head = ['plan', 'pair', 'cluster', 'rule', 'probability', 'found', 'held', 'decision', 'in_force'];
  const sides = ['left', 'right'].flatMap((side) => [`${side}_row`, ...fields.map((field) => `${side}_${field}`)]);
  yield { text: lines([[...head, ...sides]]), pairs: 0 };
  for await (const { pairs, rows } of pages(pool, of))
    yield {
      text: lines(
        pairs.map((pair) => [
          ...[of.plan.plan, pair.pair, pair.cluster, pair.rule, pair.probability, pair.found, pair.held, pair.decision],
          pair.applied ? 'yes' : 'no',
          ...[pair.left, pair.right].flatMap((row) => [
            `${row.stream} ${row.row}`,
            ...fields.map((field) => rows.of(row)?.[field]),
          ]),
        ]),
      ),
      pairs: pairs.length,
    };
}

async function* htmlOf(pool: Pool, of: Export): AsyncGenerator<{ readonly text: string; readonly pairs: number }> {
  yield { text: planHead(of.plan), pairs: 0 };
  for await (const { pairs, rows } of pages(pool, of))
    yield {
      text: pairs.map((pair) => pairHtml(pair, rows, fieldsFrom(of.settings))).join('\n'),
      pairs: pairs.length,
    };
  yield { text: planTail, pairs: 0 };
}
