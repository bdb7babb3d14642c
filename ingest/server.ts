import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { explain, InvalidInput } from '../core/errors.ts';
import type { Log } from '../http/log.ts';
import { hostOf } from '../http/listen.ts';
import { boundBodies } from './bound-bodies.ts';
import { ClientErrors } from './client-errors.ts';
import { PROBLEM, problemBody, problems, Refusal } from './problem.ts';

export interface ServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  /** How senders reach it, such as `https://push.example.com`; where it listens if absent. */
  readonly publicUrl?: string | undefined;
  readonly tls?: Tls | undefined;
  readonly log: Log;
  /** Largest body, in bytes. */
  readonly bodyBytes: number;
  /** Of all bodies that are read or worked on at once; 256 MiB if absent. */
  readonly bodiesBytes?: number;
  readonly patience?: Patience;
  readonly routes: (app: FastifyInstance, server: { readonly base: () => string }) => void | Promise<void>;
}

export interface Tls {
  readonly key: string;
  readonly cert: string;
  /** Of those who sign the certificates of callers; undefined: none is asked for one. */
  readonly clientCa?: string | undefined;
}

export interface IngestServer {
  /** As it really listens. */
  readonly url: string;
  /** Takes no new connections, answers what it has taken in, then closes. */
  close(): Promise<void>;
}

/** How long a sender has for its headers, and for the whole of its request, ms. Who takes longer is noticed up to `everyMs` later. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly everyMs: number;
}
export const usualPatience: Patience = { headersMs: 10 * SECOND, requestMs: 60 * SECOND, everyMs: 2 * SECOND };
const IDLE_MS = 75 * SECOND;
const MOST_CONNECTIONS = 10_000;
const MOST_HEADER_BYTES = 16 * 1024;
const MOST_HEADERS = 100;
const MOST_BODIES_BYTES = 256 * 1024 * 1024;

/** The HTTP server that everything pushed comes through. It trusts nobody: bodies stay bytes until their sender is known. */
export async function startServer(options: ServerOptions): Promise<IngestServer> {
  const { address, tls, log, bodyBytes, patience = usualPatience, bodiesBytes = MOST_BODIES_BYTES } = options;
  let url = '';
  const base = (): string => (options.publicUrl ?? url).replace(/\/$/, '');
  const clientErrors = new ClientErrors({ base, mostHeaderBytes: MOST_HEADER_BYTES });
  const bounds = { maxHeaderSize: MOST_HEADER_BYTES, connectionsCheckingInterval: patience.everyMs };
  const app = fastify({
    ...(tls === undefined
      ? {}
      : {
          https: {
            key: tls.key,
            cert: tls.cert,
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
            ...bounds,
          },
        }),
    ...(tls === undefined ? { http: bounds } : {}),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: bodyBytes,
    requestTimeout: patience.requestMs,
    connectionTimeout: 2 * patience.requestMs,
    keepAliveTimeout: IDLE_MS,
    // A request that came in is answered, also while the server closes.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => {
      // Its type knows only the answers of routes.
      void (reply as unknown as FastifyReply)
        .status(404)
        .header('content-type', PROBLEM)
        .header('x-request-id', request.id)
        .send(
          JSON.stringify(
            problemBody(new Refusal('not_found', { detail: error.message }), { requestId: request.id, base: base() }),
          ),
        );
    },
    clientErrorHandler: (error, socket) => void clientErrors.handle(error, socket),
  });
  app.server.headersTimeout = patience.headersMs;
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.maxRequestsPerSocket = 10_000;
  // By itself it leaves out what is more than 2000, and an Idempotency-Key might be among it.
  app.server.maxHeadersCount = 0;
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      useDefaults: false,
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    clientErrors.began(request, reply);
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    if (request.raw.rawHeaders.length > 2 * MOST_HEADERS)
      throw new Refusal('headers_too_large', { detail: `expected at most ${MOST_HEADERS} headers, found more` });
    // Before its body is read: nobody is to send us much for nothing.
    if (request.is404) throw notThere(request);
  });
  app.addHook('preParsing', boundBodies(bodiesBytes));
  app.setErrorHandler((error, request, reply) => {
    const refusal = error instanceof Refusal ? error : ofFramework(error);
    const { status } = problems[refusal.code];
    if (refusal.code === 'internal') log.warn({ request: request.id, error: explain(error) }, 'a request failed');
    if (refusal.retryAfterS !== undefined) void reply.header('retry-after', String(refusal.retryAfterS));
    for (const [name, value] of Object.entries(refusal.headers)) void reply.header(name, value);
    return reply
      .status(status)
      .header('content-type', PROBLEM)
      .serializer(String)
      .send(`${JSON.stringify(problemBody(refusal, { requestId: request.id, base: base() }))}\n`);
  });
  app.setNotFoundHandler((request) => {
    throw notThere(request);
  });
  await options.routes(app, { base });
  try {
    url = await app.listen({
      host: hostOf(address).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(address.lastIndexOf(':') + 1)),
    });
  } catch (error) {
    throw new InvalidInput(
      `--address: cannot listen on ${address} (${explain(error)}); choose another address, or port 0 for a free one`,
    );
  }
  return { url, close: () => closed(app) };
}

/** How often connections that have become idle since are closed. */
const LOOK_MS = 50;

/** Node closes those that are idle at that moment; one whose answer goes out just then would hold the server up until its sender ends it. */
async function closed(app: FastifyInstance): Promise<void> {
  const looking = setInterval(() => app.server.closeIdleConnections(), LOOK_MS);
  try {
    await app.close();
  } finally {
    clearInterval(looking);
  }
}

/** Routes answer 405 to the other methods themselves (`onlyMethods`). */
const notThere = ({ method, url }: FastifyRequest): Refusal =>
  new Refusal('not_found', {
    detail: `there is no ${method} ${(url.split('?')[0] ?? '').slice(0, 200)}; GET /openapi.json names what there is`,
  });

/** What fastify itself refuses: https://fastify.dev/docs/latest/Reference/Errors/. */
function ofFramework(error: unknown): Refusal {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Refusal('too_large', { detail: 'the body is too large; send fewer records in one request' });
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return new Refusal('bad_request', {
      detail: 'expected a body as long as Content-Length says, found another length',
    });
  if (code === 'ECONNRESET')
    return new Refusal('bad_request', { detail: 'expected the whole body, but the connection ended before' });
  if (code.startsWith('FST_ERR_CTP'))
    return new Refusal('unsupported_type', { detail: 'expected a Content-Type that can be read' });
  return new Refusal('internal', {
    detail: 'the request failed; send it again, and tell us its id if it fails again',
    retryAfterS: 10,
    cause: error,
  });
}

/** Answers 405 with `Allow` to all methods of a path but those. */
export function onlyMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  app.route({
    url,
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    onRequest: ({ method }) => {
      throw new Refusal('method_not_allowed', {
        detail: `expected ${allowed.join(' or ')}, found ${method}`,
        headers: { allow: allowed.join(', ') },
      });
    },
    handler: () => {},
  });
}
