import { startChangeDuplicates } from '../../client/duplicates.ts';
import { InvalidInput } from '../../core/errors.ts';
import { plansWithFollowers, type ChangeAction, type ChangeScope } from '../../store/duplicates/changes.ts';
import { decideAsAsked, decidedWords, expectNamed } from '../../store/duplicates/decide-as-asked.ts';
import { expectChangeable } from '../../store/duplicates/expect-changeable.ts';
import { givenFilter, wholeNumber } from '../../store/duplicates/given-filter.ts';
import type { PairFilter } from '../../store/duplicates/pairs.ts';
import { pairsToChange } from '../../store/duplicates/plan-facts.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import { counted } from '../parts/numbers.ts';
import { planPath } from '../parts/links.ts';
import { ownPath } from '../sign-in/own-path.ts';
import type { Deed, DeedDeps, Wanted } from './deed.ts';

/** What can be done with a plan of duplicates. The command line does the same by the same functions. */
export const duplicateDeeds = {
  'approve-pairs': decides('merge'),
  'reject-pairs': decides('no'),
  'apply-plan': changes('apply'),
  'undo-plan': changes('undo'),
} as const;

function decides(decision: 'merge' | 'no'): (deps: DeedDeps, wanted: Wanted) => Promise<Deed> {
  return async ({ pool }, { target, field, by, reason }) => {
    const plan = wholeNumber('plan', target);
    const filter = filterIn(field);
    const asked = { plan, filter, decision, by, reason, again: field('again') === 'yes' } as const;
    expectNamed(asked);
    const { name } = await readPlan(pool, plan);
    const back = ownPath(field('back'));
    return {
      partner: '',
      target: `${name} plan ${plan}: ${filterWords(filter)}`,
      page: back.split('?')[0] === planPath(plan) ? back : planPath(plan),
      work: async () => decidedWords(await decideAsAsked(pool, asked), asked),
    };
  };
}

function changes(action: ChangeAction): (deps: DeedDeps, wanted: Wanted) => Promise<Deed> {
  return async ({ pool, names, temporal }, { target, field, by, reason }) => {
    const number = wholeNumber('plan', target);
    const { rule, cluster, pair } = filterIn(field);
    const scope: ChangeScope = {
      ...(rule === undefined ? {} : { rule }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(pair === undefined ? {} : { pair }),
    };
    const plan = await readPlan(pool, number);
    expectChangeable(plan, action);
    const whole = pair === undefined && cluster === undefined;
    const plans = action === 'undo' && whole ? await plansWithFollowers(pool, number) : [number];
    let pairs = 0;
    for (const each of plans) pairs += await pairsToChange(pool, { plan: each, action, scope });
    if (pairs === 0)
      throw new InvalidInput(
        action === 'apply'
          ? `all that is approved of plan ${number} is in force already`
          : `no pair of plan ${number} that this would undo is in force`,
      );
    const what = `plan ${number} of ${plan.name}`;
    const others = plans.filter((each) => each !== number);
    return {
      partner: '',
      target: `${plan.name} plan ${number}: ${filterWords(scope)}`,
      page: planPath(number),
      confirm: {
        title: action === 'apply' ? `Apply ${what}?` : `Undo ${what}?`,
        says:
          action === 'apply'
            ? `${counted(pairs, 'pair comes', 'pairs come')} in force. Golden records and all that reads them show it at once. No row changes, and an undo takes it back at any time.`
            : `${counted(pairs, 'pair goes', 'pairs go')} out of force (${filterWords(scope)})${others.length === 0 ? '' : `, also of plans that follow it: ${others.join(', ')}`}. Golden records and all that reads them show it at once. What was decided stays, so it can be applied again.`,
        does: action === 'apply' ? `Apply ${counted(pairs, 'pair')}` : `Undo ${counted(pairs, 'pair')}`,
        back: planPath(number),
      },
      work: async () => {
        const input = { names, name: plan.name, plan: number, action, scope, by, reason };
        await temporal((client) => startChangeDuplicates(client, input));
        return action === 'apply'
          ? `Plan ${number} is being applied. This page shows how far it is.`
          : `Plan ${number} is being undone. This page shows how far it is.`;
      },
    };
  };
}

function filterIn(field: Wanted['field']): PairFilter {
  const text = (name: string): string | undefined => (field(name) === '' ? undefined : field(name));
  const found = text('found');
  if (found !== undefined && found !== 'merge' && found !== 'review')
    throw new InvalidInput(`found: expected merge or review, found ${JSON.stringify(found)}`);
  return givenFilter({ rule: text('rule'), cluster: text('cluster'), pair: text('pair'), found }, (name) => name);
}

/** `rule same-email, found review`; without a filter `all`. */
const filterWords = (filter: PairFilter): string =>
  Object.entries(filter)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ') || 'all';
