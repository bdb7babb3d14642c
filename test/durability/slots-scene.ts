import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { keepJanitor } from '../../client/janitor-schedule.ts';
import { startAlerts } from '../../client/start-alerts.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { plainNames } from '../../messages/names.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { httpSink, type HttpSink } from '../alerts/sinks.ts';
import { duplicateCommands } from '../cli/duplicate-commands.ts';
import { runSyncline, type Ended } from '../cli/run-syncline.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import * as streams from '../support/simulator-streams.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { ownNamespace, startProcess, type WorkerGround } from './durable-bench.ts';

/** Of `beta`, which is read while schedules are at work. */
export const BETA_PAGES = 40;
const CRON = '0 6 * * sun';

/** An installation in which everything that runs by a schedule has something to do. */
export interface SlotsScene {
  readonly ground: WorkerGround;
  readonly config: Config;
  /** Of the store's own tables. */
  readonly pool: Pool;
  readonly mart: Pool;
  readonly acme: Simulator;
  readonly beta: Simulator;
  readonly sink: HttpSink;
  /** Where searches for duplicates have their files. */
  readonly staging: string;
  /** Those that live. */
  readonly workers: WorkerProcess[];
  /** One more process, with all roles. */
  join(): WorkerProcess;
  sync(partner: string, window: string): Promise<RunReport>;
  /** The command, as a process of its own. */
  command(...args: readonly string[]): Promise<Ended>;
  close(): Promise<void>;
}

export async function openSlotsScene(workers: number): Promise<SlotsScene> {
  const [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  const mart = uniqueName('mart');
  await inDatabase('postgres', `create database ${mart}`);
  const sink = await httpSink();
  const acme = await startSimulator({ seed: 31, customers: 40, payments: 200 });
  const beta = await startSimulator({ seed: 32, payments: BETA_PAGES * 25 });
  const staging = join(folder.path, 'staging');
  const ground: WorkerGround = {
    databaseUrl: database.url,
    partnersDir: join(folder.path, 'partners'),
    ...(await ownNamespace(temporal.connection)),
  };
  await Promise.all([mkdir(staging), mkdir(ground.partnersDir)]);
  await define(ground.partnersDir, { acme: acme.url, beta: beta.url, mart: databaseUrl(mart), sink: sink.url });
  const env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: ground.namespace,
    SYNCLINE_PARTNERS_DIR: ground.partnersDir,
    SYNCLINE_HOME: folder.path,
    SYNCLINE_DUPLICATES_DIR: staging,
    TMPDIR: staging,
  };
  // Often, so that looks are many; workers join the one that they find.
  await startAlerts(ground.client, { names: plainNames, everyMs: 1000 });
  await keepJanitor(ground.client, { names: plainNames, mode: 'apply', cron: '17 4 * * 1' })();
  const processes: WorkerProcess[] = [];
  const pools = [
    new Pool({ connectionString: database.url, max: 6, options: '-c search_path=syncline' }),
    new Pool({ connectionString: databaseUrl(mart), max: 2 }),
  ] as const;
  for (const pool of pools) pool.on('error', () => {});
  const scene: SlotsScene = {
    ground,
    config: readConfig(env),
    pool: pools[0],
    mart: pools[1],
    acme,
    beta,
    sink,
    staging,
    workers: processes,
    join: () => {
      const worker = startProcess(ground, {
        readyQueue: plainNames.targetQueue('mart'),
        env: { ...env, SYNCLINE_JANITOR: 'apply' },
      });
      processes.push(worker);
      return worker;
    },
    sync: async (partner, window) => {
      const of = { partner, streams: [], window, kind: 'manual', generation: 1 } as const;
      const report = await reportOfSync((await startSync(ground.client, of)).handle);
      if ('failure' in report) throw new Error(report.failure);
      return report;
    },
    command: async (...args) => {
      for (let left = 5; ; left -= 1) {
        const ended = await runSyncline(args, env);
        // So many at once are more than a small machine can start in their patience.
        if (left === 0 || !ended.stderr.includes('Temporal does not answer')) return ended;
      }
    },
    close: () => close({ processes, folder, temporal, database, pools, mart, servers: [acme, beta, sink] }),
  };
  for (let n = 0; n < workers; n += 1) scene.join();
  await Promise.all(processes.map(({ ready }) => ready));
  await settle(scene);
  return scene;
}

async function define(
  dir: string,
  { acme, beta, mart, sink }: { readonly acme: string; readonly beta: string; readonly mart: string; sink: string },
): Promise<void> {
  const retry = { base: '50ms', cap: '500ms' };
  const times = { cron: CRON, paused: true };
  const payments = {
    ...streams.payments,
    schema: {
      ...streams.payments.schema,
      properties: { ...streams.payments.schema.properties, customer_id: { type: 'string' } },
    },
  };
  const since = { field: 'updated_at', start: { as: 'updated_since' } };
  const files = {
    'acme.yaml': {
      name: 'acme',
      baseUrl: acme,
      ...{ grant: { requests: 10, time: '5s' }, limits: { rate: 100, per: '1s', concurrency: 3 }, retry },
      targets: ['mart'],
      reconcile: { weekly: { ...times, repair: ['missing', 'stale'], streams: ['customers', 'payments'] } },
      streams: { payments: { ...payments, incremental: since }, customers: streams.customers },
    },
    // It gathers a table beside its own for as long as it goes on.
    'beta.yaml': {
      name: 'beta',
      baseUrl: beta,
      ...{ grant: { requests: 10, time: '5s' }, limits: { rate: 8, per: '1s', concurrency: 2 }, retry },
      streams: { payments: { ...payments, disposition: 'replace' } },
    },
    'targets.yaml': { targets: { mart: { type: 'postgres', url: mart, every: '100ms', rows: 100, compare: times } } },
    'duplicates.yaml': {
      people: {
        from: [{ stream: 'acme.payments', fields: { customer: 'customer_id' } }],
        exact: [{ name: 'same-customer', fields: ['customer'] }],
        largest: 100,
        join: times,
      },
    },
    'alerts.yaml': {
      channels: { hook: { type: 'webhook', url: sink } },
      routes: [{ to: ['hook'], wait: '0s', groupBy: ['partner', 'rule', 'stream'] }],
    },
  };
  for (const [name, of] of Object.entries(files)) await writeFile(join(dir, name), JSON.stringify(of));
}

/** Everything was read once, is merged, and has its schedules. */
async function settle({ config, sync, command }: SlotsScene): Promise<void> {
  await Promise.all([sync('acme', '2026-01-01'), sync('beta', '2026-01-01')]);
  const { plan, decided, change } = duplicateCommands(() => config);
  await plan();
  await decided('1', 'approve', { rule: 'same-customer' });
  await change('1', 'apply');
  const applied = await command('schedule', 'apply', '--yes');
  if (applied.code !== 0) throw new Error(`${applied.stdout}\n${applied.stderr}`);
}

async function close(of: {
  readonly processes: readonly WorkerProcess[];
  readonly folder: TemporaryFolder;
  readonly temporal: TestTemporal;
  readonly database: TestDatabase;
  readonly pools: readonly Pool[];
  readonly mart: string;
  readonly servers: readonly { close(): Promise<void> }[];
}): Promise<void> {
  await Promise.all(of.processes.map((worker) => worker.kill()));
  await Promise.allSettled([...of.servers.map((server) => server.close()), of.temporal.close()]);
  await Promise.allSettled(of.pools.map((pool) => pool.end()));
  await of.database.drop();
  await inDatabase('postgres', `drop database ${of.mart} with (force)`);
  await of.folder.remove();
}
