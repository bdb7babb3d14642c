import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import { SECOND } from '../core/duration.ts';
import { pushedRequest } from '../store/ingest/pushed-request.ts';
import { whenAvailable } from '../store/session/unavailable.ts';
import { Refusal } from './problem.ts';
import { admit, callerOf, type PushDeps } from './push-routes.ts';
import { etagOf, requestState } from './request-state.ts';
import type { RequestState } from './answers.ts';
import { onlyMethods } from './server.ts';
import type { ApiVersion } from './versions/api-version.ts';
import { shownState } from './versions/shown-answer.ts';
import { v1 } from './versions/v1.ts';

/** A caller waits no longer than this for a change, and so many wait at once; others get the state as it is. */
const LONGEST_MS = 60 * SECOND;
const MOST_WAITING = 200;
const LOOK_MS = 250;

/** `GET /v1/ingest/{id}`: how the records of a request stand; with `?wait=20` it answers when that changes. */
export function stateRoutes(
  app: FastifyInstance,
  deps: Pick<PushDeps, 'gate' | 'knock'> & { readonly pool: Pool; readonly signal: AbortSignal },
  version: ApiVersion = v1,
): void {
  const url = `/${version.name}/ingest/:id`;
  let waiting = 0;
  app.get<{ Params: { id: string }; Querystring: { wait?: string } }>(url, {
    onRequest: async (request, reply) => void (await admit(deps, request, reply)),
    handler: async (request, reply) => {
      const { id } = request.params;
      const untilMs = performance.now() + waitMs(request);
      const known = request.headers['if-none-match'];
      let state = await stateOf(deps.pool, { id, caller: callerOf(request).name });
      if (waiting < MOST_WAITING) {
        waiting += 1;
        try {
          while (
            isToWait(state, known) &&
            performance.now() < untilMs &&
            !deps.signal.aborted &&
            !request.raw.destroyed
          ) {
            await setTimeout(Math.min(LOOK_MS, untilMs - performance.now()));
            state = await stateOf(deps.pool, { id, caller: callerOf(request).name });
          }
        } finally {
          waiting -= 1;
        }
      }
      void reply.header('etag', etagOf(state));
      if (!state.final) void reply.header('retry-after', '2');
      if (known === etagOf(state)) return reply.status(304).send();
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .serializer(String)
        .send(shownState(version, state));
    },
  });
  onlyMethods(app, url, ['GET', 'HEAD']);
}

/** Who names no version waits for the end. */
const isToWait = (state: RequestState, known: string | undefined): boolean =>
  !state.final && (known === undefined || known === etagOf(state));

/** `wait`, or `Prefer: wait=…` (RFC 7240 §4.3). */
function waitMs({ query, headers }: FastifyRequest<{ Querystring: { wait?: string } }>): number {
  const preferred = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(String(headers['prefer'] ?? ''))?.[1];
  const asked = query.wait ?? preferred ?? '0';
  if (!/^\d{1,4}$/.test(asked))
    throw new Refusal('bad_request', { detail: 'wait: expected whole seconds, such as 20' });
  return Math.min(Number(asked) * SECOND, LONGEST_MS);
}

const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Requests of others are not there. */
async function stateOf(
  pool: Pool,
  { id, caller }: { readonly id: string; readonly caller: string },
): Promise<RequestState> {
  const found = isUuid.test(id) ? await whenAvailable(() => pushedRequest(pool, id)) : undefined;
  if (found === undefined || found.caller !== caller)
    throw new Refusal('not_found', {
      detail: 'no request of this caller with this id, or what was known of it was removed (keep.ledger)',
    });
  return requestState(found);
}
