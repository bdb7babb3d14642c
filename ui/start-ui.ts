import type { Client } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import type { UiSettings } from '../config/ui-settings.ts';
import { InvalidInput } from '../core/errors.ts';
import type { Names } from '../messages/names.ts';
import { pulse } from '../store/inspect/pulse.ts';
import { actionRoutes } from './actions/action-routes.ts';
import { assetRoutes } from './asset-routes.ts';
import { KnownDefinitions } from './facts/known-definitions.ts';
import { Live } from './live.ts';
import { pageRoutes } from './page-routes.ts';
import { layout } from './pages/layout.ts';
import { problemPage } from './pages/problem.ts';
import { startServer, type UiServer } from './server.ts';
import { Sessions } from './sign-in/sessions.ts';
import { signInRoutes } from './sign-in/sign-in-routes.ts';
import { nobody } from './sign-in/viewer.ts';
import { Who } from './sign-in/who.ts';
import type { UiLog } from './ui-log.ts';

export interface UiOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly pool: Pool;
  readonly names: Names;
  readonly partnersDir: string;
  readonly log: UiLog;
  readonly settings: UiSettings;
  /** Signs sessions where no token and no OpenID secret does: any text that nobody else knows. */
  readonly secret: string;
  /** Runs some work with Temporal; fails in seconds where it does not answer. Only what people do needs it. */
  readonly temporal: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

/** Paths that somebody who has not signed in yet needs. */
const OPEN = /^\/(sign-in(\/.*)?|style\.css|icon\.svg|live\.js|healthz|readyz)$/;

/** The role `ui`: the status page. It reads the store and the definitions, and changes nothing but by people who have signed in. */
export async function startUi(options: UiOptions): Promise<UiServer> {
  const { address, pool, names, partnersDir, log, settings, temporal } = options;
  const readers = readersOf(settings, address);
  const isSecure = settings.url?.startsWith('https:') === true;
  const sessions = new Sessions({ secret: settings.token ?? settings.oidc?.secret ?? options.secret, isSecure });
  const who = new Who(settings, sessions);
  const known = new KnownDefinitions(partnersDir);
  const live = new Live(() => pulse(pool));
  const server = await startServer({
    address,
    log,
    isSecure,
    onFailure,
    routes: (app) => {
      // Forms only: whatever else is sent is refused.
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
        done(null, Object.fromEntries(new URLSearchParams(String(body)))),
      );
      app.addHook('preHandler', async (request, reply) => {
        const [path = ''] = request.url.split('?');
        if (readers === 'anyone' || OPEN.test(path) || who.person(request) !== undefined) return;
        if (request.method === 'GET' && path !== '/live')
          await reply.redirect(`/sign-in?to=${encodeURIComponent(request.url)}`, 303);
        else await reply.status(401).type('text/plain').send('sign in first\n');
      });
      assetRoutes(app);
      probeRoutes(app, pool);
      signInRoutes(app, { settings, sessions, who, log });
      actionRoutes(app, { pool, names, partnersDir, temporal, who, log });
      pageRoutes(app, { pool, names, definitions: () => known.present(), viewer: (request) => who.viewer(request) });
      app.get('/live', async (_, reply) => {
        reply.hijack();
        if (!(await live.listen(reply.raw))) reply.raw.writeHead(503, { 'retry-after': '30' }).end();
      });
    },
  });
  return {
    url: server.url,
    close: async () => {
      live.close();
      await server.close();
    },
  };
}

/** Whoever opens the page to other machines says who may look, or how people sign in. */
function readersOf({ readers, token, oidc, userHeader }: UiSettings, address: string): 'anyone' | 'signed-in' {
  const isHere = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?):\d+$/.test(address);
  const maySignIn = token !== undefined || oidc !== undefined || userHeader !== undefined;
  const chosen = readers ?? (isHere ? 'anyone' : 'signed-in');
  if (chosen === 'signed-in' && !maySignIn)
    throw new InvalidInput(
      `--address: other machines reach ${address}, and there is no way to sign in: set SYNCLINE_UI_TOKEN, or SYNCLINE_UI_READERS=anyone where only people who may look can reach it`,
    );
  return chosen;
}

function probeRoutes(app: FastifyInstance, pool: Pool): void {
  app.get('/healthz', (_, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_, reply) => {
    const ready = await pool.query('select 1').then(
      () => true,
      () => false,
    );
    return reply
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ok\n' : 'the database does not answer\n');
  });
}

function onFailure(error: unknown, path: string): string {
  const page =
    error instanceof InvalidInput
      ? problemPage({ status: 400, title: 'That was not understood', says: error.message })
      : problemPage({
          status: 500,
          title: 'The page cannot be shown',
          says: 'The database did not answer, or the answer could not be understood. The log of this process has the reason. Load the page again in a moment.',
        });
  return layout(page, { path, viewer: nobody });
}
