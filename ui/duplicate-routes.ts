import { InvalidInput } from '../core/errors.ts';
import { givenFilter, wholeNumber } from '../store/duplicates/given-filter.ts';
import { listPlans } from '../store/duplicates/plans.ts';
import type { OverviewDeps } from './facts/read-overview.ts';
import { readPlanFacts, type AskedPairs } from './facts/read-plan.ts';
import { shared } from './facts/shared.ts';
import type { PageRoute } from './page-route.ts';
import { duplicatesPage } from './pages/duplicates.ts';
import { planPage } from './pages/plan.ts';
import { notThere } from './pages/problem.ts';
import { doneIn, textIn } from './text-in.ts';

const PLANS_SHOWN = 30;
/** All pairs of all plans are counted for the list. */
const SHARED_MS = 2000;

/** Plans of duplicates. Pairs, and the values of their rows, are read for people who have signed in and for nobody else. */
export function duplicateRoutes(page: PageRoute, { pool }: Pick<OverviewDeps, 'pool'>): void {
  const plans = shared(() => listPlans(pool, { limit: PLANS_SHOWN }), SHARED_MS);
  page('/duplicates', async () => duplicatesPage(await plans(), { at: new Date().toISOString() }));
  page('/duplicates/:plan', async ({ params, query }, who) => {
    const text = textIn(params, 'plan');
    const asked = who.by === null ? null : askedIn(query);
    const facts = /^\d{1,9}$/.test(text)
      ? await readPlanFacts(pool, { plan: Number(text), asked, done: who.by === null ? null : doneIn(query) })
      : undefined;
    return facts === undefined ? notThere(`There is no plan ${text} of duplicates.`) : planPage(facts, who);
  });
}

function askedIn(query: unknown): AskedPairs {
  const text = (name: string): string | undefined => textIn(query, name) || undefined;
  const found = oneOf('found', text('found'), ['merge', 'review'] as const);
  const decision = oneOf('decision', text('decision'), ['merge', 'no', 'none'] as const);
  const filter = givenFilter(
    { rule: text('rule'), cluster: text('cluster'), pair: text('pair'), found },
    (name) => name,
  );
  const after = text('after');
  return {
    filter: { ...filter, ...(decision === undefined ? {} : { decision }) },
    after: after === undefined ? undefined : wholeNumber('after', after),
  };
}

function oneOf<T extends string>(name: string, text: string | undefined, all: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const found = all.find((each) => each === text);
  if (found === undefined) throw new InvalidInput(`${name}: expected ${all.join(', ')}, found ${JSON.stringify(text)}`);
  return found;
}
