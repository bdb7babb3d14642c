import { expectChangeable } from '../../store/duplicates/expect-changeable.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import { readWrittenLinks } from '../../store/duplicates/written-links.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { filterOf, whole, type FilterOptions } from '../pair-filter.ts';
import { givenReason } from '../person.ts';
import { changeDuplicates } from '../change-duplicates.ts';
import { describeLinks } from './duplicates-check-links.ts';

export interface ChangeOptions extends Pick<FilterOptions, 'rule' | 'cluster' | 'pair'> {
  readonly reason: string;
}

/** Applies a plan, or undoes it: all of it, a rule, a cluster or a pair. */
export async function changePlan({
  config,
  output,
  options,
  plan: text,
  action,
}: CommandContext<ChangeOptions> & { readonly plan: string; readonly action: 'apply' | 'undo' }): Promise<number> {
  const number = whole('plan', text);
  const scope = filterOf(options);
  const reason = givenReason(options.reason);
  const plan = await withDatabase(config, (pool) => readPlan(pool, number));
  expectChangeable(plan, action);
  const done = await changeDuplicates(config, { name: plan.name, plan: number, action, scope, reason });
  const written = await withDatabase(config, (pool) => readWrittenLinks(pool, plan.name));
  output.json(done);
  output.say(
    action === 'apply'
      ? `${done.links} pairs of plan ${number} came in force. \`syncline duplicates undo ${number} --reason …\` takes them back at any time.`
      : `${done.links} pairs are in force no more (plans ${done.plans.join(', ')}).`,
  );
  if (done.held > 0)
    output.say(
      `${done.held} pairs in force hold nothing together: a cluster would be too large (\`largest\`), or would hold rows that never merge.`,
    );
  if (written?.isStale === true) output.say(describeLinks(plan.name, written));
  return exitCodes.ok;
}
