import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { noSpans } from '../core/spans.ts';
import { createIntake, type IntakeDeps } from './intake.ts';
import type { Knock } from './gate.ts';
import { noIngestMetrics, type IngestMetrics } from './ingest-metrics.ts';
import { knockOf, type BehindProxies } from './knock-of.ts';
import { probeRoutes } from './probe-routes.ts';
import { pushRoutes, type PushDeps } from './push-routes.ts';
import { usualBodyLimits, type BodyLimits } from './read-records.ts';
import { startServer, type ServerOptions } from './server.ts';
import { stateRoutes } from './state-routes.ts';
import { openapiRoutes } from './openapi/openapi-routes.ts';
import { pageRoutes } from './pages/page-routes.ts';
import { sweepEvery } from './sweep-every.ts';
import type { ApiVersion } from './versions/api-version.ts';
import { apiVersions } from './versions/v1.ts';
import { versionRoutes } from './versions/version-routes.ts';

export interface IngestOptions
  extends
    Pick<IntakeDeps, 'pool' | 'names' | 'log' | 'failpoint' | 'onLanded' | 'bounds' | 'leaseMs' | 'spans'>,
    Pick<PushDeps, 'gate' | 'streams'>,
    Pick<ServerOptions, 'address' | 'publicUrl' | 'tls' | 'patience' | 'bodiesBytes'> {
  readonly limits?: BodyLimits;
  /** What stands before the server, and is believed; nothing does if absent. */
  readonly proxies?: BehindProxies | undefined;
  readonly metrics?: IngestMetrics;
  /** Names of all partners: a caller's own document names the streams that it may push to. */
  readonly partners?: () => Promise<readonly string[]>;
  /** Of the API, oldest first; those that are served as a rule if absent. */
  readonly versions?: readonly ApiVersion[];
  /** What else is served. */
  readonly more?: (app: FastifyInstance, served: Served) => void | Promise<void>;
}

export interface Served {
  readonly intake: ReturnType<typeof createIntake>;
  readonly knock: PushDeps['knock'];
  readonly base: () => string;
}

export interface Ingest {
  readonly url: string;
  /** 0 to 1: how full what waits to be written is. */
  load(): number;
  /** No request that was taken in is lost: each has its answer before this resolves. */
  close(): Promise<void>;
}

/** The ingest role: callers push records over HTTP, and they are in the log before they are answered. */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { pool, gate, streams, limits = usualBodyLimits, versions = apiVersions } = options;
  const { partners = () => Promise.resolve([]), metrics = noIngestMetrics } = options;
  const closing = new AbortController();
  const intake = createIntake({ ...options, writer: `ingest/${randomUUID()}` });
  const knock = (request: FastifyRequest): Knock => knockOf(request, options.proxies);
  const server = await startServer({
    ...options,
    bodyBytes: limits.bytes,
    routes: async (app, { base }) => {
      probeRoutes(app, { pool, signal: closing.signal });
      await versionRoutes(app, { versions, base }, (scope, version) => {
        pushRoutes(scope, { gate, intake, streams, knock, limits, metrics, spans: options.spans ?? noSpans }, version);
        stateRoutes(scope, { gate, knock, pool, signal: closing.signal }, version);
      });
      openapiRoutes(app, { gate, knock, streams, partners, versions, base });
      pageRoutes(app, { versions, base });
      await options.more?.(app, { intake, knock, base });
    },
  });
  const sweeping = sweepEvery(pool, options.log);
  const observing = setInterval(() => metrics.loaded(intake.load()), SECOND);
  observing.unref();
  return {
    url: server.url,
    load: () => intake.load(),
    close: async () => {
      closing.abort();
      clearInterval(observing);
      await server.close();
      await intake.drain();
      await sweeping.stop();
    },
  };
}
