import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { grantWaits } from '../core/grant-waits.ts';
import { listedOutcomes, listRuns } from '../store/inspect/inspect.ts';
import { shownEnds } from '../store/inspect/run-grants.ts';
import { listAlerts } from '../store/alerts/alerts.ts';
import { listReports } from '../store/janitor/reports.ts';
import { listCallers, listTiers } from '../store/callers/list-callers.ts';
import { undecidedPlans } from '../store/duplicates/plan-facts.ts';
import { streamsThatDiffer } from '../store/reconcile/open-findings.ts';
import { duplicateRoutes } from './duplicate-routes.ts';
import { limitsOf } from './facts/read-limits.ts';
import { readOverview, type OverviewDeps } from './facts/read-overview.ts';
import { readPartner } from './facts/read-partner.ts';
import { readRun, type AskedGrants } from './facts/read-run.ts';
import { readStream } from './facts/read-stream.ts';
import { readWebhooks } from './facts/read-webhooks.ts';
import { shared } from './facts/shared.ts';
import { alertsPage } from './pages/alerts.ts';
import { callersPage } from './pages/callers.ts';
import { janitorPage } from './pages/janitor.ts';
import { layout } from './pages/layout.ts';
import { LIMITS_EACH, limitsPage } from './pages/limits.ts';
import { overviewPage } from './pages/overview.ts';
import { partnerPage } from './pages/partner.ts';
import { notThere } from './pages/problem.ts';
import { runPage } from './pages/run.ts';
import { RUNS_SHOWN, runsPage } from './pages/runs.ts';
import { streamPage } from './pages/stream.ts';
import { streamsPage, streamStates } from './pages/streams.ts';
import { webhooksPage } from './pages/webhooks.ts';
import type { Viewer } from './sign-in/viewer.ts';
import { pageRoute } from './page-route.ts';
import { reconcileRoutes } from './reconcile-routes.ts';
import { pageIn, textIn } from './text-in.ts';

export interface PageDeps extends OverviewDeps {
  readonly viewer: (request: FastifyRequest) => Viewer;
}

const OVER_SHOWN = 50;
/** So long a reading of all streams serves all who ask. */
const SHARED_MS = SECOND;

/** All pages that show something. They change nothing. */
export function pageRoutes(app: FastifyInstance, deps: PageDeps): void {
  const { pool, definitions, viewer } = deps;
  const overview = shared(() => readOverview(deps), SHARED_MS);
  const alerts = shared(() => listAlerts(pool, { open: true }), SHARED_MS);
  const callers = shared(() => Promise.all([listCallers(pool), listTiers(pool)]), SHARED_MS);
  const reports = shared(() => listReports(pool), 5 * SECOND);
  const webhooks = shared(async () => readWebhooks(pool, await definitions()), 5 * SECOND);

  const decisions = shared(
    async () => ({ plans: await undecidedPlans(pool), differ: await streamsThatDiffer(pool) }),
    5 * SECOND,
  );

  const page = pageRoute(app, viewer);
  duplicateRoutes(page, deps);
  reconcileRoutes(page, deps);
  page('/', async () => {
    const [facts, open, waiting] = await Promise.all([overview(), alerts(), decisions()]);
    return overviewPage(facts, open, waiting);
  });
  page('/streams', async ({ query }) =>
    streamsPage(await overview(), {
      state: streamStates.find((each) => each === textIn(query, 'state')) ?? 'all',
      text: textIn(query, 'q').slice(0, 200),
      page: pageIn(query),
    }),
  );
  page('/partners/:partner', async ({ params }, who) => {
    const partner = textIn(params, 'partner');
    const facts = await readPartner(deps, partner);
    return facts === undefined ? notThere(`Nobody knows of a partner ${partner}.`) : partnerPage(facts, who);
  });
  page('/partners/:partner/:stream', async ({ params }, who) => {
    const of = { partner: textIn(params, 'partner'), stream: textIn(params, 'stream') };
    const facts = await readStream(deps, of);
    return facts === undefined
      ? notThere(`Nobody knows of a stream ${of.stream} of ${of.partner}.`)
      : streamPage(facts, who);
  });
  page('/runs', async ({ query }) => {
    const partner = textIn(query, 'partner');
    const outcome = listedOutcomes.find((each) => each === textIn(query, 'outcome'));
    const [runs, known] = await Promise.all([
      listRuns(pool, { partner: partner === '' ? undefined : partner, outcome, limit: RUNS_SHOWN }),
      overview(),
    ]);
    const partners = [...new Set(known.streams.map((stream) => stream.partner))];
    return runsPage(runs, { at: now(), partners, asked: { partner, outcome: outcome ?? '' } });
  });
  page('/runs/*', async ({ params, query }, who) => {
    const id = textIn(params, '*');
    const facts = await readRun(pool, id, { asked: grantsIn(query) });
    return facts === undefined
      ? notThere(`The ledger has no run ${id}. One that has just been started comes with its first page.`)
      : runPage(facts, { viewer: who });
  });
  page('/limits', async ({ query }) => {
    const all = [...(await definitions()).partners.values()].map(({ partner }) => partner);
    const number = pageIn(query);
    const views = await limitsOf(pool, all.slice((number - 1) * LIMITS_EACH, number * LIMITS_EACH));
    return limitsPage([...views.values()], { at: now(), page: number, of: all.length });
  });
  page('/alerts', async (_, who) => {
    const [open, over] = await Promise.all([
      listAlerts(pool, { open: true }),
      listAlerts(pool, { open: false, limit: OVER_SHOWN }),
    ]);
    return alertsPage({ open, over, at: now() }, who);
  });
  page('/callers', async () => {
    const [listed, tiers] = await callers();
    return callersPage(listed, { at: now(), tiers });
  });
  page('/janitor', async () => janitorPage(await reports(), now()));
  page('/webhooks', async () => webhooksPage(await webhooks(), now()));

  app.setNotFoundHandler((request, reply) =>
    reply
      .status(404)
      .type('text/html; charset=utf-8')
      .send(layout(notThere(`There is nothing at this address.`), { path: request.url, viewer: viewer(request) })),
  );
}

/** Which grants of a run are asked for. */
const grantsIn = (query: unknown): AskedGrants => ({
  stream: textIn(query, 'stream') || undefined,
  waited: grantWaits.find((each) => each === textIn(query, 'waited')),
  ended: shownEnds.find((each) => each === textIn(query, 'ended')),
  show: /^[1-9]\d{0,5}$/.test(textIn(query, 'show')) ? Number(textIn(query, 'show')) : undefined,
});

const now = (): string => new Date().toISOString();
