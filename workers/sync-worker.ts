import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Logger } from 'pino';
import { createControlActivities, createPartnerActivities, createTargetActivities } from '../activities/index.ts';
import { dataConverterOf } from '../client/payload-codec.ts';
import type { Config } from '../config/config.ts';
import { DAY, MINUTE, SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import type { Metrics } from '../core/metrics.ts';
import { VERSION } from '../core/release.ts';
import type { Partner } from '../definitions/definition.ts';
import { listPartners } from '../definitions/load.ts';
import { placesOf } from '../definitions/named-targets.ts';
import { STORE } from '../definitions/targets.ts';
import { pendingMigrations } from '../store/migrate/migrate.ts';
import { awaitServer } from './await-server.ts';
import { buildDeps, type Deps } from './build-deps.ts';
import { versioningOf } from './versioning.ts';
import { rateOverride } from '../limits/watch/overrides.ts';
import { workerMetrics } from './metrics.ts';
import { watchProcess } from './process-metrics.ts';
import { lookAtThisMachine } from '../activities/janitor/this-machine.ts';
import { keepQueueRate, QUEUE_CHECK_MS } from './queue-rate.ts';
import { checkRoles, takes } from './roles.ts';
import { installRuntime } from './runtime.ts';
import { openTracing, type Tracing } from './tracing/tracing.ts';
import { tellBehind } from './tell-behind.ts';
import { targetNotes } from './target-notes.ts';
import { watchInstallation, type Watched } from './watch-installation.ts';
import { workflowSource } from './workflow-source.ts';

export interface WorkerSettings {
  readonly config: Config;
  readonly log: Logger;
  /** As `checkRoles` takes them; empty: everything. */
  readonly roles: readonly string[];
  /** How often the queues of partners are looked after. */
  readonly queueCheckMs?: number;
  /** Ends the start: throws its reason. Once there are workers, they are stopped by `stop`. */
  readonly signal?: AbortSignal;
}

export interface RunningWorkers {
  /** Resolves once all queues are being polled. */
  readonly ready: Promise<void>;
  /** Ends the workers gracefully, then the connections. */
  stop(): Promise<void>;
  /** Rejects when a worker dies by itself. */
  readonly ended: Promise<void>;
  /** What keeps them from working, in words: a queue that is not polled, PostgreSQL, Temporal. */
  problems(): Promise<readonly string[]>;
  /** What a person should know, though they work all the same: targets that are not written to. */
  notes(): Promise<readonly string[]>;
}

/** Runs the workers of some roles in this process. New partner files are picked up while it runs. */
export async function startWorkers(settings: WorkerSettings): Promise<RunningWorkers> {
  const { config, log, roles, queueCheckMs = QUEUE_CHECK_MS } = settings;
  checkRoles(roles);
  installRuntime(log, config.worker.metricsAddress);
  // Before anything that is traced.
  const tracing = await openTracing(config.traces, log);
  const connection = await connect(config, { log, signal: settings.signal });
  // Not before the connection: the SDK begins its runtime anew after a failed one.
  const meter = Runtime.instance().metricMeter;
  const deps = buildDeps(config, log, { metrics: workerMetrics(meter), spans: tracing.spans });
  const unwatch = watchProcess(meter, {
    pool: deps.pool,
    worker: { version: VERSION, buildId: config.worker.version?.buildId },
  });
  const fleet = new Fleet({ config, log, connection, deps, queueCheckMs, unwatch, tracing });
  try {
    if (takes(roles, 'workflows')) await fleet.startWorkflows();
    if (takes(roles, 'partners')) await fleet.followPartners();
    for (const role of roles) if (role.startsWith('partner=')) await fleet.startPartner(role.slice('partner='.length));
    if (takes(roles, 'targets')) await fleet.followTargets();
    for (const role of roles) if (role.startsWith('target=')) await fleet.startTarget(role.slice('target='.length));
    fleet.watchMachine();
  } catch (error) {
    await fleet.stop();
    throw error;
  }
  return fleet;
}

function connect(
  config: Config,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal | undefined },
): Promise<NativeConnection> {
  const { connectionOptions } = loadClientConnectConfig();
  const options = {
    ...connectionOptions,
    ...(config.temporalAddress === undefined ? {} : { address: config.temporalAddress }),
  };
  return awaitServer(() => NativeConnection.connect(options), {
    signal,
    isAway: () => true,
    warn: (facts) => log.warn({ address: options.address, ...facts }, 'Temporal does not answer yet'),
  });
}

const WATCH_MS = 3 * SECOND;

const TARGET_SLOTS = 2;
const TARGET_LOOK_MS = MINUTE;
const MACHINE_LOOK_MS = DAY;

type ServedRole = Parameters<Metrics['roleServed']>[0];

class Fleet implements RunningWorkers {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #connection: NativeConnection;
  readonly #client: Client;
  readonly #deps: Deps;
  readonly #queueCheckMs: number;
  readonly #workers = new Map<string, { readonly worker: Worker; readonly run: Promise<void> }>();
  /** Of each partner with a worker here: the limits that its queue was last set by, and when. */
  readonly #rates = new Map<string, { readonly limits: string; readonly atMs: number }>();
  /** Targets with a worker here, or one that is being started. */
  readonly #targets = new Set<string>();
  /** Definitions that were looked at for histories in the store. */
  readonly #looked = new WeakSet<Partner>();
  readonly #unwatch: () => void;
  readonly #tracing: Tracing;
  readonly #stopping = new AbortController();
  readonly ready = Promise.resolve();
  readonly ended: Promise<void>;
  #fail: (error: unknown) => void = () => {};
  readonly #watching: Promise<void>[] = [];
  #queuesWatched = false;

  constructor(of: {
    config: Config;
    log: Logger;
    connection: NativeConnection;
    deps: Deps;
    queueCheckMs: number;
    unwatch: () => void;
    tracing: Tracing;
  }) {
    // Each thing that is watched listens: Node would take as many for a leak, and say so to whoever reads the log.
    setMaxListeners(0, this.#stopping.signal);
    this.#tracing = of.tracing;
    this.#config = of.config;
    this.#log = of.log;
    this.#connection = of.connection;
    this.#client = new Client({
      connection: of.connection,
      namespace: of.config.temporalNamespace,
      dataConverter: dataConverterOf(of.config.payloadKeys),
      ...(of.tracing.client === undefined ? {} : { interceptors: of.tracing.client }),
    });
    this.#deps = of.deps;
    this.#queueCheckMs = of.queueCheckMs;
    this.#unwatch = of.unwatch;
    this.ended = new Promise((_, reject) => (this.#fail = reject));
    this.ended.catch(() => {});
  }

  async startWorkflows(): Promise<void> {
    const limits = this.#config.worker;
    await this.#start(
      this.#config.names.workflowQueue,
      { role: 'workflows', name: '' },
      {
        ...workflowSource({
          bundlePath: this.#config.workflowBundle,
          sealed: this.#config.payloadKeys.length > 0,
          traced: this.#config.traces,
        }),
        activities: createControlActivities(this.#deps.activities),
        maxCachedWorkflows: limits.cachedWorkflows,
        maxConcurrentWorkflowTaskExecutions: limits.workflowSlots,
        workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: limits.workflowPollers },
        maxConcurrentActivityTaskExecutions: limits.controlSlots,
        // A worker that was killed leaves its workflows to the others after this.
        stickyQueueScheduleToStartTimeout: '2s',
      },
    );
    const of = { config: this.#config, deps: this.#deps, client: this.#client, log: this.#log };
    for (const watched of watchInstallation(of)) this.#watching.push(this.#watch(watched));
  }

  async startPartner(name: string): Promise<void> {
    await this.#start(
      this.#config.names.partnerQueue(name),
      { role: 'partner', name },
      {
        activities: createPartnerActivities(this.#deps.activities),
        // A rate-limited queue needs few pollers, and each partner has a queue of its own.
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: this.#config.worker.partnerPollers },
        maxConcurrentActivityTaskExecutions: this.#config.worker.partnerSlots,
        maxHeartbeatThrottleInterval: Math.min(5 * SECOND, this.#config.heartbeatTimeoutMs / 4),
      },
    );
    await this.#keepRate(name);
    if (!this.#queuesWatched)
      this.#watching.push(
        this.#watch({ what: 'keeping the rates of queues', everyMs: SECOND, work: () => this.#keepRates() }),
      );
    this.#queuesWatched = true;
  }

  /** A pause may have outlived its governor: whoever works for the partner looks now and then. */
  async #keepRates(): Promise<void> {
    for (const name of this.#rates.keys()) await this.#keepRate(name);
  }

  /** A definition that does not hold has no rate; its syncs say why. */
  async #keepRate(name: string): Promise<void> {
    const streams = await this.#deps.activities.partners.streams(name).catch(() => undefined);
    const partner = [...(streams?.values() ?? [])][0]?.partner;
    if (partner === undefined) return;
    await this.#serveHistories(partner);
    const limits = JSON.stringify(partner.limits);
    const last = this.#rates.get(name);
    if (last?.limits === limits && performance.now() < last.atMs + this.#queueCheckMs) return;
    // Spread, or all workers of a deploy would ask the server at once for ever.
    this.#rates.set(name, { limits, atMs: performance.now() - (Math.random() * this.#queueCheckMs) / 4 });
    await keepQueueRate({
      connection: this.#connection,
      namespace: this.#config.temporalNamespace,
      taskQueue: this.#config.names.partnerQueue(name),
      partner: name,
      limits: partner.limits,
      override: await rateOverride(this.#deps.pool, partner).catch(() => undefined),
      log: this.#log,
    });
  }

  /** Those in the store's own database: whoever writes its tables for the partner loads them as well, without a role of its own. */
  async #serveHistories(partner: Partner): Promise<void> {
    if (this.#looked.has(partner)) return;
    this.#looked.add(partner);
    if (placesOf([partner]).some(({ target }) => target === STORE)) await this.startTarget(STORE);
  }

  /** A worker for each partner there is, and for those that are added later. */
  async followPartners(): Promise<void> {
    const startNew = async (): Promise<void> => {
      for (const name of await listPartners(this.#config.partnersDir))
        if (this.#workers.has(this.#config.names.partnerQueue(name))) await this.#keepRate(name);
        else await this.startPartner(name);
    };
    await startNew();
    this.#watching.push(this.#watch({ what: 'starting workers of new partners', everyMs: WATCH_MS, work: startNew }));
  }

  async startTarget(name: string): Promise<void> {
    if (this.#targets.has(name)) return;
    this.#targets.add(name);
    await this.#start(
      this.#config.names.targetQueue(name),
      { role: 'target', name },
      {
        activities: createTargetActivities(this.#deps.activities),
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
        // A target takes one load at a time; while one is written, the next can be read and checked.
        maxConcurrentActivityTaskExecutions: TARGET_SLOTS,
        maxHeartbeatThrottleInterval: Math.min(5 * SECOND, this.#config.heartbeatTimeoutMs / 4),
      },
    );
    let everything = true;
    const look = async (): Promise<void> => {
      const { activities, pool } = this.#deps;
      const { names, partnersDir, heartbeatTimeoutMs } = this.#config;
      await tellBehind(
        { ...activities, names, partnersDir, pool, client: this.#client, times: { heartbeatTimeoutMs } },
        name,
        {
          everything,
        },
      );
      everything = false;
    };
    this.#watching.push(
      this.#watch({ what: 'looking for loads that are due', everyMs: TARGET_LOOK_MS, work: look, first: true }),
    );
  }

  /** A worker for each target that is declared, and for those that are declared later. */
  async followTargets(): Promise<void> {
    const startNew = async (): Promise<void> => {
      for (const name of await this.#deps.targets.names()) await this.startTarget(name);
    };
    // What is wrong with targets.yaml keeps no partner from being read.
    await startNew().catch((error: unknown) => this.#log.warn({ error: explain(error) }, 'cannot read the targets'));
    this.#watching.push(this.#watch({ what: 'starting workers of new targets', everyMs: WATCH_MS, work: startNew }));
  }

  /** A janitor sees its own machine only: each worker looks at the one that it runs on. */
  watchMachine(): void {
    const { mode, folders } = this.#config.janitor;
    if (mode === 'off') return;
    const { pool, activities } = this.#deps;
    const look = async (): Promise<void> => {
      const { removed, troubles } = await lookAtThisMachine({ pool, folders, now: activities.now }, { mode });
      for (const path of removed) this.#log.info({ path }, 'removed temporary files of a process that is gone');
      for (const trouble of troubles) this.#log.warn({ trouble }, 'cannot remove temporary files');
    };
    this.#watching.push(
      this.#watch({ what: 'looking for temporary files', everyMs: MACHINE_LOOK_MS, work: look, first: true }),
    );
  }

  async #watch({ what, everyMs, work, first = false }: Watched): Promise<void> {
    const { signal } = this.#stopping;
    // One listener for each target, partner and other watch that waits: as many as there are, and no leak.
    setMaxListeners(0, signal);
    for (let waits = !first; !signal.aborted; waits = true) {
      if (waits) await sleep(everyMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted)
        await work().catch((error: unknown) =>
          this.#log.warn({ error: explain(error) }, `failed, and is tried again: ${what}`),
        );
    }
  }

  async #start(taskQueue: string, role: ServedRole, options: Partial<WorkerOptions>): Promise<void> {
    const worker = await Worker.create({
      connection: this.#connection,
      namespace: this.#config.temporalNamespace,
      taskQueue,
      dataConverter: dataConverterOf(this.#config.payloadKeys),
      shutdownGraceTime: '30s',
      shutdownForceTime: MINUTE,
      ...versioningOf(this.#config.worker.version),
      ...options,
      interceptors: { ...this.#tracing.worker, ...options.interceptors },
      ...(this.#tracing.sinks === undefined ? {} : { sinks: this.#tracing.sinks }),
    });
    const run = worker.run();
    run.catch((error: unknown) => this.#fail(error));
    this.#workers.set(taskQueue, { worker, run });
    this.#deps.activities.metrics?.roleServed(role);
    this.#log.info({ taskQueue }, 'worker started');
  }

  async problems(): Promise<readonly string[]> {
    if (this.#stopping.signal.aborted) return ['leaving: grants end at their next page'];
    const queues = [...this.#workers]
      .filter(([, { worker }]) => worker.getState() !== 'RUNNING')
      .map(([queue, { worker }]) => `queue ${queue}: its worker is ${worker.getState().toLowerCase()}`);
    const [database, temporal] = await Promise.all([
      pendingMigrations(this.#deps.pool).then(
        (pending) => (pending.length === 0 ? [] : [`database: lacks ${pending.join(', ')}; run syncline migrate`]),
        (error: unknown) => [`database: ${explain(error)}`],
      ),
      this.#connection.workflowService.getSystemInfo({}).then(
        () => [],
        (error: unknown) => [`temporal: ${explain(error)}`],
      ),
    ]);
    return [...queues, ...database, ...temporal];
  }

  async notes(): Promise<readonly string[]> {
    return targetNotes(await this.#deps.observeTargets().catch(() => []));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#deps.drain();
    await Promise.all(this.#watching);
    for (const { worker } of this.#workers.values()) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled([...this.#workers.values()].map(({ run }) => run));
    this.#unwatch();
    await this.#connection.close();
    await this.#deps.close();
    await this.#tracing.close();
  }
}
