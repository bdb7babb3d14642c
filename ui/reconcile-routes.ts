import { listReconciliations } from '../store/reconcile/read-reconciliations.ts';
import { askedFindings, readReconciliationFacts } from './facts/read-reconciliation.ts';
import type { OverviewDeps } from './facts/read-overview.ts';
import type { PageRoute } from './page-route.ts';
import { notThere } from './pages/problem.ts';
import { reconciliationPage } from './pages/reconciliation.ts';
import { RECONCILIATIONS_SHOWN, reconciliationsPage } from './pages/reconciliations.ts';
import { doneIn, pageIn, textIn } from './text-in.ts';

/** What partners say, compared with what the store has. Findings, which name keys, are read for people who have signed in and for nobody else. */
export function reconcileRoutes(page: PageRoute, { pool }: Pick<OverviewDeps, 'pool'>): void {
  page('/reconciliations', async () =>
    reconciliationsPage(await listReconciliations(pool, { limit: RECONCILIATIONS_SHOWN }), new Date().toISOString()),
  );
  page('/reconciliations/*', async ({ params, query }, who) => {
    const id = textIn(params, '*');
    const asked = askedFindings({ kind: textIn(query, 'kind'), state: textIn(query, 'state'), page: pageIn(query) });
    const facts = await readReconciliationFacts(pool, {
      id,
      asked: who.by === null ? null : asked,
      done: who.by === null ? null : doneIn(query),
    });
    return facts === undefined ? notThere(`There is no reconciliation ${id}.`) : reconciliationPage(facts, who);
  });
}
