import type { Pool } from 'pg';
import { alertSettings } from '../activities/alerts/settings.ts';
import type { ActivityDeps } from '../activities/index.ts';
import type { Config } from '../config/config.ts';
import { loadDuplicates } from '../definitions/load-duplicates.ts';
import { findPairs } from '../matching/find-pairs.ts';
import { InvalidInput } from '../core/errors.ts';
import { noMetrics, type Metrics } from '../core/metrics.ts';
import { noSpans, type Spans } from '../core/spans.ts';
import { activeTraceId } from './tracing/active-trace.ts';
import type { Log } from '../http/log.ts';
import { bufferedCalls } from '../store/calls/buffered-calls.ts';
import { writeCalls } from '../store/calls/write-calls.ts';
import { grantLog } from '../store/grants/write-grants.ts';
import { observeLimits } from '../limits/watch/observe.ts';
import { TurnSessions } from '../limits/turns/turn-sessions.ts';
import { transaction } from '../store/session/transaction.ts';
import { whenAvailable } from '../store/session/unavailable.ts';
import { ensureGoldenViews } from '../landing/golden-view.ts';
import { openPool, postgresWarehouse } from '../landing/postgres-warehouse.ts';
import { postgresReconciler } from '../landing/reconcile/reconciler.ts';
import type { TargetLag } from '../store/target-states.ts';
import { postgresTargetStore } from '../store/target-store.ts';
import { postgresHints } from '../store/webhooks/hints.ts';
import { killingFailpoint } from './failpoint.ts';
import { observeWaiting } from './observe-waiting.ts';
import { observeStreams } from './observe-streams.ts';
import { observeLeftovers } from './observe-leftovers.ts';
import { observeComparisons } from './observe-comparisons.ts';
import { observeReconciliations } from './observe-reconciliations.ts';
import { observeRules } from './observe-rules.ts';
import { observeTargets } from './observe-targets.ts';
import { observeWebhooks } from './observe-webhooks.ts';
import { partnerRegistry } from './partner-registry.ts';
import { targetRegistry, type TargetRegistry } from './target-registry.ts';

export interface Deps {
  readonly activities: ActivityDeps;
  readonly pool: Pool;
  readonly targets: TargetRegistry;
  /** How far each stream is behind in each target; tells the metrics of it. */
  readonly observeTargets: () => Promise<readonly TargetLag[]>;
  /** Which rules of streams do not hold; tells the metrics of it. */
  readonly observeRules: () => Promise<void>;
  /** What has stayed behind by the last report of the janitor; tells the metrics of it. */
  readonly observeLeftovers: () => Promise<void>;
  /** How fresh each stream is, and what is in quarantine; tells the metrics of it. */
  readonly observeStreams: () => Promise<void>;
  /** How much waits of each stream; tells the metrics of it. */
  readonly observeWaiting: () => Promise<void>;
  /** What reconciliations say of each stream; tells the metrics of it. */
  readonly observeReconciliations: () => Promise<void>;
  /** What comparisons say of each target; tells the metrics of it. */
  readonly observeComparisons: () => Promise<void>;
  /** How webhooks stand; tells the metrics of it. */
  readonly observeWebhooks: () => Promise<void>;
  /** From now on grants end at their next page. */
  drain(): void;
  close(): Promise<void>;
}

const now = (): number => Date.now();

/** The one place where configuration becomes connections. */
export function buildDeps(
  config: Config,
  log: Log,
  { metrics = noMetrics, spans = noSpans }: { readonly metrics?: Metrics; readonly spans?: Spans } = {},
): Deps {
  if (config.databaseUrl === undefined)
    throw new InvalidInput('DATABASE_URL: expected a postgres:// URL, found nothing; set it, or run `syncline dev`');
  const pool = openPool(config.databaseUrl, config.worker.databaseConnections, config.names.controlSchema);
  TurnSessions.of(pool).bound(config.worker.turnConnections);
  const failpoint = killingFailpoint(config.failpoint);
  const warehouse = postgresWarehouse(pool, { names: config.names, failpoint });
  const partners = partnerRegistry({
    names: config.names,
    dir: config.partnersDir,
    env: config.env,
    pool,
    warehouse,
    log,
    now,
  });
  const targets = targetRegistry({
    dir: config.partnersDir,
    env: config.env,
    owner: config.names.controlSchema,
    partners,
    now,
    storeUrl: config.databaseUrl,
    failpoint,
  });
  const calls =
    config.calls.keepMs === 0
      ? undefined
      : bufferedCalls({
          write: (group) => writeCalls(pool, group),
          warn: (fields, message) => log.warn(fields, message),
          sample: config.calls.sample,
          random: Math.random,
          traceId: activeTraceId,
        });
  let draining = false;
  return {
    pool,
    targets,
    observeTargets: observeTargets({ dir: config.partnersDir, partners, pool, metrics, now }),
    observeRules: observeRules({ pool, metrics }),
    observeLeftovers: observeLeftovers({ pool, metrics }),
    observeWaiting: observeWaiting({ pool, metrics }),
    observeStreams: observeStreams({ dir: config.partnersDir, partners, pool, metrics }),
    observeComparisons: observeComparisons({
      dir: config.partnersDir,
      env: config.env,
      partners,
      pool,
      metrics,
      now,
    }),
    observeReconciliations: observeReconciliations({ dir: config.partnersDir, partners, pool, metrics, now }),
    observeWebhooks: observeWebhooks({ dir: config.partnersDir, partners, pool, metrics, now }),
    drain: () => {
      draining = true;
    },
    activities: {
      names: config.names,
      partners,
      warehouse,
      reconciler: postgresReconciler(pool, warehouse),
      targets,
      targetStore: postgresTargetStore(pool),
      hints: postgresHints(pool),
      observeLimits: (partner) => whenAvailable(() => observeLimits(pool, partner)),
      alerts: {
        pool,
        names: config.names,
        partnersDir: config.partnersDir,
        env: config.env,
        partners,
        settings: alertSettings({ dir: config.partnersDir, env: config.env }),
        log,
        now,
      },
      duplicates: {
        pool,
        partners,
        settings: async () => (await loadDuplicates({ dir: config.partnersDir, env: config.env })).settings,
        ensureViews: (golden) => transaction(pool, (client) => ensureGoldenViews(client, golden)),
        findPairs: (input) =>
          findPairs({
            ...input,
            ...config.duplicates,
          }),
      },
      comparisons: { pool, partnersDir: config.partnersDir, partners },
      janitor: {
        pool,
        names: config.names,
        partnersDir: config.partnersDir,
        env: config.env,
        folders: config.janitor.folders,
        now,
      },
      failpoint,
      metrics,
      spans,
      ...(calls === undefined ? {} : { calls }),
      grants: grantLog(pool),
      now,
      random: Math.random,
      draining: () => draining,
      heartbeatTimeoutMs: config.heartbeatTimeoutMs,
    },
    close: async () => {
      await targets.close();
      await partners.close();
      await calls?.close();
      await pool.end();
    },
  };
}
