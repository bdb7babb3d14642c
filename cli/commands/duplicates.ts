import { listChanges } from '../../store/duplicates/changes.ts';
import { readPairValues, type ReadRows } from '../../store/duplicates/pair-values.ts';
import { readPairs, type PlannedPair } from '../../store/duplicates/pairs.ts';
import { listPlans, readPlan, type DuplicatePlan } from '../../store/duplicates/plans.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { filterOf, whole, type FilterOptions } from '../pair-filter.ts';
import { pairLines, scopeText, type PairWords } from '../pair-lines.ts';

/** Plans, the newest first. */
export async function listDuplicates({
  config,
  output,
  name,
}: CommandContext & { readonly name: string | undefined }): Promise<number> {
  const plans = await withDatabase(config, (pool) => listPlans(pool, name === undefined ? {} : { name }));
  output.json(plans.map(shortOf));
  if (plans.length === 0) output.say('There is no plan: `syncline duplicates plan NAME` makes one.');
  else
    output.table(
      plans.map((plan) => ({
        ...plan,
        made: plan.madeAt.slice(0, 19).replace('T', ' '),
        state: plan.follows === null ? plan.state : `${plan.state}, follows ${plan.follows}`,
        'in force': plan.applied,
      })),
      ['plan', 'name', 'made', 'by', 'state', 'pairs', 'approved', 'rejected', 'undecided', 'in force'],
    );
  return exitCodes.ok;
}

/** What it was found by is long, and stands in duplicates.yaml. */
const shortOf = (plan: DuplicatePlan): Omit<DuplicatePlan, 'settings' | 'weights'> => {
  const { settings: _settings, weights: _weights, ...rest } = plan;
  return rest;
};

export interface ShowOptions extends FilterOptions {
  readonly undecided?: boolean;
  readonly limit?: string;
}

/** Pairs side by side, with what their rows say now. */
export async function showDuplicates({
  config,
  output,
  options,
  plan: text,
}: CommandContext<ShowOptions> & { readonly plan: string }): Promise<number> {
  const number = whole('plan', text);
  const limit = options.limit === undefined ? 20 : whole('--limit', options.limit);
  const filter = { ...filterOf(options), ...(options.undecided === true ? { decision: 'none' as const } : {}) };
  return withDatabase(config, async (pool) => {
    const plan = await readPlan(pool, number);
    const pairs = await readPairs(pool, { plan: number, filter, limit: limit + 1 });
    const shown = pairs.slice(0, limit);
    const rows = await readPairValues(pool, { plan: number, pairs: shown });
    const changes = await listChanges(pool, { plan: number });
    output.json({ ...shortOf(plan), changes, pairs: shown.map((pair) => valuedPair(pair, rows)) });
    output.say(
      `Plan ${number} of ${plan.name}: ${plan.pairs} pairs in ${plan.counts.clusters ?? 0} clusters, ${plan.approved} approved, ${plan.rejected} rejected, ${plan.undecided} undecided, ${plan.applied} in force.`,
    );
    for (const block of plan.counts.blocks ?? [])
      if (block.tooLarge > 0)
        output.say(
          `Block [${block.block}]: ${block.tooLarge} groups were too large to compare (${block.rowsTooLarge} rows). Their pairs are not in this plan unless another block found them.`,
        );
    for (const pair of shown) for (const line of pairLines(pair, rows, headAndLevels(pair))) output.say(line);
    if (pairs.length > limit) output.say(`There are more: --limit ${limit * 5}, or \`syncline duplicates export\`.`);
    for (const { action, scope, by, reason, begunAt, links, endedAt } of changes)
      output.say(
        `${begunAt.slice(0, 19).replace('T', ' ')} ${action} ${scopeText(scope)} by ${by}: ${reason} (${links} pairs${endedAt === null ? ', not ended' : ''})`,
      );
    return exitCodes.ok;
  });
}

/** A pair with what both rows say. */
export const valuedPair = (pair: PlannedPair, rows: ReadRows) => ({
  ...pair,
  left: { ...pair.left, values: rows.of(pair.left) ?? null },
  right: { ...pair.right, values: rows.of(pair.right) ?? null },
});

function headAndLevels(pair: PlannedPair): PairWords {
  const state = pair.applied ? 'in force' : (pair.decision ?? `proposed: ${pair.found}`);
  const also = pair.alsoBy.length === 0 ? '' : `, in force by plan ${pair.alsoBy.join(', ')}`;
  const held = pair.held === null ? '' : `; holds nothing: ${heldWords[pair.held]}`;
  return {
    head: `Cluster ${pair.cluster}, pair ${pair.pair}: ${pair.rule}, probability ${pair.probability.toFixed(4)}, ${state}${also}${held}`,
    said: (field) => {
      const level = pair.levels[field];
      return level === undefined ? '' : `   (${level.level}, ${level.weight.toFixed(1)} bits)`;
    },
  };
}

const heldWords = {
  large: 'its cluster would be too large',
  never: 'it would bring together rows that never merge',
} as const;
