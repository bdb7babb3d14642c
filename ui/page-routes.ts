import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { listedOutcomes, listRuns } from '../store/inspect/inspect.ts';
import { listAlerts } from '../store/alerts/alerts.ts';
import { listReports } from '../store/janitor/reports.ts';
import { listCallers, listTiers } from '../store/callers/list-callers.ts';
import { limitsOf } from './facts/read-limits.ts';
import { readOverview, type OverviewDeps } from './facts/read-overview.ts';
import { readPartner } from './facts/read-partner.ts';
import { readRun } from './facts/read-run.ts';
import { readStream } from './facts/read-stream.ts';
import { readWebhooks } from './facts/read-webhooks.ts';
import { shared } from './facts/shared.ts';
import { alertsPage } from './pages/alerts.ts';
import { callersPage } from './pages/callers.ts';
import { janitorPage } from './pages/janitor.ts';
import { layout } from './pages/layout.ts';
import { LIMITS_EACH, limitsPage } from './pages/limits.ts';
import { overviewPage } from './pages/overview.ts';
import type { Page } from './pages/page.ts';
import { partnerPage } from './pages/partner.ts';
import { notThere } from './pages/problem.ts';
import { runPage } from './pages/run.ts';
import { RUNS_SHOWN, runsPage } from './pages/runs.ts';
import { streamPage } from './pages/stream.ts';
import { streamsPage, streamStates } from './pages/streams.ts';
import { webhooksPage } from './pages/webhooks.ts';
import type { Viewer } from './sign-in/viewer.ts';
import { textIn } from './text-in.ts';

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

  const page = (url: string, read: (request: FastifyRequest, viewer: Viewer) => Promise<Page>): void => {
    app.get(url, async (request, reply) => {
      const who = viewer(request);
      const shown = await read(request, who);
      return reply
        .status(shown.status ?? 200)
        .type('text/html; charset=utf-8')
        .send(layout(shown, { path: request.url, viewer: who }));
    });
  };

  page('/', async () => {
    const [facts, open] = await Promise.all([overview(), alerts()]);
    return overviewPage(facts, open);
  });
  page('/streams', async ({ query }) =>
    streamsPage(await overview(), {
      state: streamStates.find((each) => each === textIn(query, 'state')) ?? 'all',
      text: textIn(query, 'q').slice(0, 200),
      page: pageOf(query),
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
  page('/runs/*', async ({ params }, who) => {
    const id = textIn(params, '*');
    const facts = await readRun(pool, id);
    return facts === undefined
      ? notThere(`The ledger has no run ${id}. One that has just been started comes with its first page.`)
      : runPage(facts, who);
  });
  page('/limits', async ({ query }) => {
    const all = [...(await definitions()).partners.values()].map(({ partner }) => partner);
    const number = pageOf(query);
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

const now = (): string => new Date().toISOString();

const pageOf = (query: unknown): number => Math.max(1, Math.floor(Number(textIn(query, 'page'))) || 1);
