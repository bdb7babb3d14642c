import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import type { Pool } from 'pg';
import { pino } from 'pino';
import type { RunReport } from '../../messages/sync-partner.ts';
import { createControlActivities, createPartnerActivities } from '../../activities/index.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { StartedSync, StartSync } from '../../client/start-sync.ts';
import { dataConverterOf } from '../../client/payload-codec.ts';
import { readConfig, type Config } from '../../config/config.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/start.ts';
import type { Simulator } from '../../simulator/start.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import { buildDeps } from '../../workers/build-deps.ts';
import { temporalLogger } from '../../workers/temporal-logger.ts';
import { workflowSource } from '../../workers/workflow-source.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { compareRequests, type CountedPartner } from './counted-requests.ts';
import { freshDatabase, type TestDatabase } from './database.ts';
import { freshNamespace } from './fresh-namespace.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { temporalAddress, testTemporal, uniqueName } from './temporal.ts';

export interface BenchOptions {
  /** Of the partner; else one that no other has. */
  readonly name?: string;
  readonly simulator?: SimulatorOptions;
  readonly streams: PartnerInput['streams'];
  /** What else the definition says; it has small retries already. */
  readonly partner?: Partial<PartnerInput>;
  /** Why the ledger does not have all that the partner is asked. */
  readonly uncounted?: string;
}

export interface BenchPartner {
  readonly name: string;
  readonly simulator: Simulator;
  /** Writes the definition anew; workers read it before the next grant. */
  define(changes: Partial<Omit<BenchOptions, 'simulator'>>): Promise<void>;
  start(run?: Partial<StartSync>): Promise<StartedSync>;
  /** Starts a run and waits for its end, good or bad. */
  sync(run?: Partial<StartSync>): Promise<RunReport>;
}

export interface PullBench {
  readonly config: Config;
  readonly client: Client;
  readonly pool: Pool;
  readonly namespace: string;
  readonly partnersDir: string;
  /** Every line logged so far, at the level `debug`. */
  logged(): string;
  partner(options: BenchOptions): Promise<BenchPartner>;
  /** A partner and one run of all its streams. */
  syncOnce(options: BenchOptions): Promise<{ readonly partner: BenchPartner; readonly report: RunReport }>;
  close(): Promise<void>;
}

/** The day after the end of the simulator's world. */
export const WINDOW = '2026-11-25';

let installed = false;

const capture = (lines: string[]): Writable =>
  new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });

const quickRetries = { attempts: 4, base: '10ms', cap: '50ms' };

/**
 * Workers, a database and a namespace of this test file's own, and as many bad partners as it wants. `beside`: an
 * installation of another name in the database and the namespace of that bench, which is closed after this one. `on`: a
 * database that is there already, and is dropped in the end.
 */
export async function openPullBench(
  env: Readonly<Record<string, string>> = {},
  beside?: PullBench,
  on?: Pick<TestDatabase, 'url' | 'drop'>,
): Promise<PullBench> {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, capture(lines));
  if (!installed) Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
  installed = true;
  const [folder, database, namespace, temporal, connection] = await Promise.all([
    temporaryFolder(),
    on ?? (beside === undefined ? freshDatabase() : sharedDatabase(beside)),
    beside?.namespace ?? freshNamespace(),
    testTemporal(),
    NativeConnection.connect({ address: temporalAddress() }),
  ]);
  const config = readConfig({
    ...env,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
  });
  const { names } = config;
  if (beside !== undefined) await migrate(database.url, { schema: names.controlSchema });
  const dataConverter = dataConverterOf(config.payloadKeys);
  const client = new Client({ connection: temporal.connection, namespace, dataConverter });
  const deps = buildDeps(config, log);
  const simulators: Simulator[] = [];
  const counted: CountedPartner[] = [];
  const running: { readonly worker: Worker; readonly run: Promise<void> }[] = [];
  const work = async (options: Omit<WorkerOptions, 'connection' | 'namespace'>): Promise<void> => {
    const worker = await Worker.create({ connection, namespace, dataConverter, shutdownGraceTime: '1s', ...options });
    running.push({ worker, run: worker.run() });
  };
  await work({
    ...workflowSource({ bundlePath: process.env['WORKFLOW_BUNDLE'], sealed: config.payloadKeys.length > 0 }),
    taskQueue: names.workflowQueue,
    activities: createControlActivities(deps.activities),
  });

  const bench: PullBench = {
    config,
    client,
    pool: deps.pool,
    namespace,
    partnersDir: folder.path,
    logged: () => lines.join(''),
    async partner(options) {
      const name = options.name ?? uniqueName('bad');
      const simulator = await startSimulator({
        customers: 40,
        payments: 200,
        refunds: 40,
        events: 80,
        ...options.simulator,
      });
      simulators.push(simulator);
      // Another server counts for itself.
      const asksIt = options.partner?.baseUrl === undefined;
      if (asksIt && options.uncounted === undefined) counted.push({ name, requests: () => simulator.stats().requests });
      const define = async (changes: Partial<BenchOptions>): Promise<void> => {
        const { streams, partner } = { ...options, ...changes };
        const definition = { name, baseUrl: simulator.url, timeout: '10s', retry: quickRetries, ...partner, streams };
        // JSON is YAML as well.
        await writeFile(
          join(folder.path, `${name}.yaml`),
          JSON.stringify(definition).replaceAll('$SIM', simulator.url),
        );
      };
      await define({});
      await work({
        taskQueue: names.partnerQueue(name),
        // Without chance: the shortest delays, the same each time.
        activities: createPartnerActivities({ ...deps.activities, random: () => 0 }),
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
        // A cancellation comes with the answer to a heartbeat.
        maxHeartbeatThrottleInterval: '200ms',
      });
      const of = { installation: names.installation };
      const start: BenchPartner['start'] = (sync) =>
        startSync(client, {
          partner: name,
          streams: [],
          window: WINDOW,
          kind: 'manual',
          generation: 1,
          ...of,
          ...sync,
        });
      return { name, simulator, define, start, sync: async (sync) => reported(await start(sync)) };
    },
    async syncOnce(options) {
      const partner = await bench.partner(options);
      return { partner, report: await partner.sync() };
    },
    async close() {
      for (const { worker } of running) worker.shutdown();
      await Promise.allSettled(running.map((each) => each.run));
      const compared = await Promise.allSettled([compareRequests(deps.pool, counted)]);
      await Promise.all(simulators.map((simulator) => simulator.close()));
      await deps.close();
      await connection.close();
      await temporal.close();
      await database.drop();
      await folder.remove();
      if (compared[0].status === 'rejected') throw compared[0].reason;
    },
  };
  return bench;
}

const sharedDatabase = ({ config }: PullBench): Pick<TestDatabase, 'url' | 'drop'> => ({
  url: config.databaseUrl as string,
  drop: () => Promise.resolve(),
});

async function reported({ handle }: StartedSync): Promise<RunReport> {
  const report = await reportOfSync(handle);
  if ('failure' in report) throw new Error(`the run ended without a report: ${report.failure}`);
  return report;
}

export function streamReport(report: RunReport, stream: string): StreamReport {
  const found = report.streams.find((each) => each.stream === stream);
  if (found === undefined) throw new Error(`the run has no stream ${stream}`);
  return found;
}
