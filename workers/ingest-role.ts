import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { tellTargets } from '../activities/apply/tell-targets.ts';
import type { Config } from '../config/config.ts';
import { connectClient } from '../client/temporal-client.ts';
import { explain } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { listPartners } from '../definitions/load.ts';
import type { Log } from '../http/log.ts';
import { Authenticator } from '../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../ingest/callers/limiter.ts';
import { callerGate } from '../ingest/caller-gate.ts';
import { Refusal } from '../ingest/problem.ts';
import { startIngest, type Ingest, type IngestOptions } from '../ingest/start-ingest.ts';
import { buildDeps, type Deps } from './build-deps.ts';
import { killingFailpoint } from './failpoint.ts';
import { ingestMetrics } from './ingest-metrics.ts';
import { openTracing, type Tracing } from './tracing/tracing.ts';
import { watchProcess } from './process-metrics.ts';
import { installRuntime } from './runtime.ts';
import { serveWebhooks } from './serve-webhooks.ts';

export interface IngestRole extends Pick<IngestOptions, 'address' | 'publicUrl' | 'tls' | 'proxies'> {
  readonly config: Config;
  readonly log: Logger;
}

/** The role `ingest`: composes the server with the database, the definitions and, where it is there, Temporal. */
export async function startIngestRole({ config, log, ...listening }: IngestRole): Promise<Ingest> {
  installRuntime(log, config.worker.metricsAddress);
  const meter = Runtime.instance().metricMeter;
  const metrics = ingestMetrics(meter);
  const tracing = await openTracing(config.traces, log);
  const deps = buildDeps(config, log, { spans: tracing.spans });
  const unwatch = watchProcess(meter, { pool: deps.pool });
  const teller = tellingTargets(config, deps, { log, tracing });
  const streams = streamsOf(config, deps, log);
  const webhooks = serveWebhooks({
    pool: deps.pool,
    log,
    streams,
    onDelivery: ({ fate, ...of }) => metrics.delivered(of, fate),
  });
  try {
    const ingest = await startIngest({
      ...listening,
      pool: deps.pool,
      names: config.names,
      log,
      failpoint: killingFailpoint(config.failpoint),
      leaseMs: config.ingest.leaseMs,
      gate: callerGate({
        authenticator: new Authenticator(deps.pool, { log, metrics }),
        limiter: new CallerLimiter(deps.pool, { metrics }),
      }),
      metrics,
      spans: tracing.spans,
      streams,
      more: webhooks.more,
      partners: () => listPartners(config.partnersDir),
      onLanded: teller.tell,
    });
    return {
      ...ingest,
      close: async () => {
        await ingest.close();
        unwatch();
        await webhooks.close();
        await teller.close();
        await deps.close();
        await tracing.close();
      },
    };
  } catch (error) {
    unwatch();
    await webhooks.close();
    await teller.close();
    await deps.close();
    throw error;
  }
}

const FRESH_MS = SECOND;

/** Definitions as they are on disk, looked at once a second. A definition that is broken by a change leaves the last good one in force. */
function streamsOf(config: Config, { activities: { partners } }: Deps, log: Log): IngestOptions['streams'] {
  type Streams = ReadonlyMap<string, CompiledStream> | undefined;
  const known = new Map<string, { readonly atMs: number; readonly streams: Promise<Streams> }>();
  const load = async (name: string): Promise<Streams> =>
    (await listPartners(config.partnersDir)).includes(name) ? partners.streams(name) : undefined;
  return (name) => {
    const last = known.get(name);
    const nowMs = performance.now();
    if (last !== undefined && nowMs - last.atMs < FRESH_MS) return last.streams;
    const streams = load(name).catch(async (error: unknown) => {
      log.warn({ partner: name, error: explain(error) }, 'the definition cannot be used');
      const before = await last?.streams.catch(() => undefined);
      if (before !== undefined) return before;
      throw new Refusal('unavailable', {
        detail: 'the definition of the partner cannot be used now; send it again later',
        retryAfterS: 30,
      });
    });
    // Names come from outside: what is no partner is not kept in mind.
    void streams.then(
      (found) => found === undefined && known.delete(name),
      () => {},
    );
    known.set(name, { atMs: nowMs, streams });
    return streams;
  };
}

/** Tells the targets of a stream that its log has grown, at most once a second. Without Temporal, the workers of the targets find it by themselves. */
function tellingTargets(
  config: Config,
  { activities: { names, targets } }: Deps,
  { log, tracing }: { readonly log: Log; readonly tracing: Tracing },
): { readonly tell: (stream: CompiledStream) => void; close(): Promise<void> } {
  let connecting: Promise<Client | undefined> | undefined;
  let lastTryMs = -Infinity;
  const client = (): Promise<Client | undefined> => {
    if (connecting === undefined && performance.now() - lastTryMs > 10 * SECOND) {
      lastTryMs = performance.now();
      connecting = connectClient({
        address: config.temporalAddress,
        namespace: config.temporalNamespace,
        payloadKeys: config.payloadKeys,
        interceptors: tracing.client,
      }).catch((error: unknown) => {
        connecting = undefined;
        log.warn(
          { error: explain(error) },
          'Temporal cannot be told that records came: other targets get them a little later',
        );
        return undefined;
      });
    }
    return connecting ?? Promise.resolve(undefined);
  };
  const due = new Map<string, NodeJS.Timeout>();
  const telling = new Set<Promise<unknown>>();
  const tellNow = async (partner: string, stream: string): Promise<void> => {
    const connected = await client();
    if (connected !== undefined) await tellTargets(() => connected, { names, targets }, { partner, stream });
  };
  return {
    tell: (stream) => {
      const others = [
        ...(stream.relations?.dependents ?? []),
        ...(stream.deletesIn === undefined ? [] : [stream.deletesIn.name]),
      ];
      const hasTargets = (name: string): boolean =>
        ((name === stream.name ? stream : stream.relations?.stream(name)) ?? stream).targets.length > 0;
      for (const name of new Set([stream.name, ...others])) {
        const id = `${stream.partner.name}/${name}`;
        if (due.has(id) || !hasTargets(name)) continue;
        const timer = setTimeout(() => {
          due.delete(id);
          const told = tellNow(stream.partner.name, name).catch(() => {});
          telling.add(told);
          void told.finally(() => telling.delete(told));
        }, SECOND);
        due.set(id, timer);
      }
    },
    close: async () => {
      for (const timer of due.values()) clearTimeout(timer);
      await Promise.allSettled(telling);
      await (await connecting)?.connection.close();
    },
  };
}
