import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import { onlyMethods } from './server.ts';

/** Probes come from everywhere at once: the database is asked so often at the most. */
const FRESH_MS = 2 * SECOND;

/** `GET /healthz`: 200 while the process can answer. `GET /readyz`: 200 while it can take requests in, else 503 with the reason. */
export function probeRoutes(
  app: FastifyInstance,
  { pool, signal }: { readonly pool: Pool; readonly signal: AbortSignal },
): void {
  let last: { readonly atMs: number; readonly problem: Promise<string | undefined> } | undefined;
  const problem = (): Promise<string | undefined> => {
    const nowMs = performance.now();
    if (last === undefined || nowMs - last.atMs > FRESH_MS)
      last = { atMs: nowMs, problem: pool.query('select 1').then(() => undefined, explain) };
    return last.problem;
  };
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const found = signal.aborted ? 'this process is ending' : await problem();
    return reply
      .status(found === undefined ? 200 : 503)
      .send({ ready: found === undefined, problems: found === undefined ? [] : [found] });
  });
  for (const url of ['/healthz', '/readyz']) onlyMethods(app, url, ['GET', 'HEAD']);
}
