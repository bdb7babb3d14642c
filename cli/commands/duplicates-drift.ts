import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { readPairValues } from '../../store/duplicates/pair-values.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { findDrift, type Drift, type DriftedPair } from '../find-drift.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { pairLines } from '../pair-lines.ts';
import { whole } from '../pair-filter.ts';
import { givenReason } from '../person.ts';
import { undoPairs } from '../change-duplicates.ts';
import { valuedPair } from './duplicates.ts';

export interface DriftOptions {
  readonly limit?: string;
  readonly undo?: boolean;
  readonly reason?: string;
}

/** Pairs in force whose rows say different things now; with `--undo` they are in force no more. */
export async function driftOfDuplicates(
  context: CommandContext<DriftOptions> & { readonly name: string },
): Promise<number> {
  const { config, output, options, name } = context;
  const limit = options.limit === undefined ? 20 : whole('--limit', options.limit);
  const reason = options.undo === true ? givenReason(options.reason ?? '') : undefined;
  if (options.undo !== true && options.reason !== undefined)
    throw new InvalidInput('--reason goes with --undo: nothing is changed without it');
  const { settings, streams } = await loadKnownDuplicates(config);
  const drift = await withDatabase(config, async (pool) => {
    const found = await findDrift({ pool, config, name, streams, limit });
    if (found.looked === 0 && !settings.has(name))
      throw new InvalidInput(`duplicates.yaml has no ${JSON.stringify(name)}, and no plan of it is in force`);
    return { ...found, examples: await valued(pool, found.examples) };
  });
  const plans = [...drift.drifted].map(([plan, pairs]) => ({ plan, pairs: pairs.length }));
  const count = plans.reduce((sum, { pairs }) => sum + pairs, 0);
  const undone =
    reason === undefined || count === 0 ? 0 : await undoPairs({ config, name, pairs: drift.drifted, reason });
  output.json({
    ...{ name, looked: drift.looked, drifted: count, plans, undone },
    ...{ heldOtherwise: drift.heldOtherwise, gone: drift.gone },
    pairs: drift.examples.map(({ plan, valuedPair: pair, now, changed }) => ({ plan, now, changed, ...pair })),
  });
  for (const { lines } of drift.examples) for (const line of lines) output.say(line);
  output.say(saysOf(drift, count));
  if (drift.heldOtherwise > 0)
    output.say(
      `${drift.heldOtherwise} others are no longer held by the exact rule that found them, but by another one or by the score.`,
    );
  if (drift.gone > 0) output.say(`${drift.gone} have a row that is gone: they hold nothing until it comes again.`);
  if (reason !== undefined && count > 0) output.say(`${undone} pairs are in force no more.`);
  else if (count > 0) for (const line of howTo(name, drift)) output.say(line);
  return count > undone ? exitCodes.partial : exitCodes.ok;
}

async function valued(pool: Pool, pairs: readonly DriftedPair[]) {
  const shown: (DriftedPair & {
    readonly valuedPair: ReturnType<typeof valuedPair>;
    readonly lines: readonly string[];
  })[] = [];
  for (const plan of new Set(pairs.map((each) => each.plan))) {
    const of = pairs.filter((each) => each.plan === plan);
    const rows = await readPairValues(pool, { plan, pairs: of.map(({ pair }) => pair) });
    for (const each of of)
      shown.push({
        ...each,
        valuedPair: valuedPair(each.pair, rows),
        lines: pairLines(each.pair, rows, {
          head: `Plan ${plan}, cluster ${each.pair.cluster}, pair ${each.pair.pair}: ${each.pair.rule}, probability ${each.pair.probability.toFixed(4)} then, ${each.now === null ? 'no rule holds it' : each.now.toFixed(4)} now`,
          said: (field) => {
            const changed = each.changed.find((other) => other.field === field);
            if (changed === undefined) return '';
            return changed.was === changed.now ? '   (no longer the same)' : `   (${changed.was}, now ${changed.now})`;
          },
        }),
      });
  }
  return shown;
}

const saysOf = ({ looked }: Drift, count: number): string =>
  count === 0
    ? `None of ${looked} pairs in force has rows that say different things now.`
    : `${count} of ${looked} pairs in force have rows that say different things now: their plan would not find them today.`;

/** Few of them are named one by one. */
function howTo(name: string, { drifted }: Drift): readonly string[] {
  const pairs = [...drifted].flatMap(([plan, numbers]) => numbers.map((pair) => ({ plan, pair })));
  const all = `Undo all of them: \`syncline duplicates drift ${name} --undo --reason …\`.`;
  if (pairs.length > FEW) return [all];
  return [
    ...pairs.map(({ plan, pair }) => `Undo one: \`syncline duplicates undo ${plan} --pair ${pair} --reason …\`.`),
    ...(pairs.length > 1 ? [all] : []),
  ];
}

const FEW = 5;
