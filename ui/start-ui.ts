import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { Names } from '../messages/names.ts';
import { pulse } from '../store/inspect/pulse.ts';
import { assetRoutes } from './asset-routes.ts';
import { KnownDefinitions } from './facts/known-definitions.ts';
import { Live } from './live.ts';
import { pageRoutes } from './page-routes.ts';
import { layout } from './pages/layout.ts';
import { problemPage } from './pages/problem.ts';
import { startServer, type UiServer } from './server.ts';
import { nobody } from './sign-in/viewer.ts';
import type { UiLog } from './ui-log.ts';

export interface UiOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly pool: Pool;
  readonly names: Names;
  readonly partnersDir: string;
  readonly log: UiLog;
}

/** The role `ui`: the status page. It reads the store and the definitions; Temporal is needed only by what somebody does there. */
export async function startUi({ address, pool, names, partnersDir, log }: UiOptions): Promise<UiServer> {
  const known = new KnownDefinitions(partnersDir);
  const live = new Live(() => pulse(pool));
  const server = await startServer({
    address,
    log,
    isSecure: false,
    onFailure,
    routes: (app) => {
      assetRoutes(app);
      probeRoutes(app, pool);
      pageRoutes(app, { pool, names, definitions: () => known.present(), viewer: () => nobody });
      app.get('/live', (_, reply) => {
        reply.hijack();
        if (!live.listen(reply.raw)) reply.raw.writeHead(503, { 'retry-after': '30' }).end();
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
