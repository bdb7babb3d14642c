import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import { fastify, type FastifyInstance } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { explain, InvalidInput } from '../core/errors.ts';
import type { UiLog } from './ui-log.ts';

export interface UiServer {
  /** As it really listens. */
  readonly url: string;
  close(): Promise<void>;
}

const PATIENCE_MS = 30 * SECOND;
const MOST_BODY_BYTES = 64 * 1024;

/**
 * Serves the pages. A browser is told to run and load nothing but our own two files, to send forms nowhere else, and to let nobody frame
 * the pages (Content Security Policy Level 3).
 */
export async function startServer(of: {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly log: UiLog;
  /** The browser comes by https, also where a proxy does that. */
  readonly isSecure: boolean;
  readonly routes: (app: FastifyInstance) => void | Promise<void>;
  readonly onFailure: (error: unknown, path: string) => string;
}): Promise<UiServer> {
  const { address, log, isSecure, routes, onFailure } = of;
  const app = fastify({
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: PATIENCE_MS,
    keepAliveTimeout: 75 * SECOND,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      useDefaults: false,
    },
    hsts: isSecure ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
  });
  app.addHook('onRequest', async (_, reply) => void reply.header('cache-control', 'no-store'));
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500)
      log.warn({ request: request.id, path: request.url.split('?')[0], error: explain(error) }, 'a page failed');
    return reply
      .status(status)
      .type('text/html; charset=utf-8')
      .send(onFailure(status >= 500 ? error : new InvalidInput(explain(error)), request.url));
  });
  await routes(app);
  try {
    const host = address.slice(0, address.lastIndexOf(':')).replaceAll(/^\[|\]$/g, '');
    const url = await app.listen({ host, port: Number(address.slice(address.lastIndexOf(':') + 1)) });
    return { url, close: () => app.close() };
  } catch (error) {
    throw new InvalidInput(
      `--address: cannot listen on ${address} (${explain(error)}); choose another address, or port 0 for a free one`,
    );
  }
}

const statusOf = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
