import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, constants, cp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../services/free-port.ts';
import { startPostgres } from '../services/postgres.ts';
import type { PostgresServer } from '../services/postgres.ts';
import { clusterBinaries } from '../services/temporal-cluster-binaries.ts';
import { resolveTemporalCli } from '../services/temporal-cli.ts';
import { startTemporalCluster } from '../services/temporal-cluster.ts';
import { startTemporal } from '../services/temporal-server.ts';
import type { TemporalServer } from '../services/temporal-server.ts';
import { cachedWorkflowBundle } from '../services/workflow-bundle.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { cacheDir } from './support/cache-dir.ts';
import { databaseUrl, inDatabase, TEMPLATE } from './support/database.ts';
import { suite } from './support/suite-services.ts';

/**
 * jest globalSetup: one PostgreSQL, one Temporal and one workflow bundle for the whole suite; they die with jest.
 * SYNCLINE_TEST_CLUSTER=1 takes Temporal's own server on a PostgreSQL instead of the development server (needs Go).
 */
export default async function setup(): Promise<void> {
  const [postgres, temporal, bundle] = await Promise.all([
    database(),
    temporalServer(),
    cachedWorkflowBundle({ cacheDir: cacheDir() }),
    compile(),
  ]);
  suite.synclineSuite = { postgres, temporal };
  process.env['TEST_TEMPORAL'] = temporal.address;
  process.env['WORKFLOW_BUNDLE'] = bundle;
}

async function database(): Promise<PostgresServer> {
  const postgres = await startPostgres({
    dataDir: join(await quickFolder(), `syncline-test-${randomUUID()}`),
    durable: false,
  });
  process.env['TEST_POSTGRES'] = postgres.url;
  await inDatabase('postgres', `create database ${TEMPLATE}`);
  await migrate(databaseUrl(TEMPLATE));
  return postgres;
}

const ROOM_BYTES = 4 * 1024 ** 3;

/** In memory, where there is room: a database for a test file is made in 15 ms there, on a disk in 200. */
async function quickFolder(): Promise<string> {
  const memory = '/dev/shm';
  try {
    await access(memory, constants.W_OK);
    const { bavail, bsize } = await statfs(memory);
    return bavail * bsize >= ROOM_BYTES ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** For the tests that run workers as processes: dist/ as `npm run build` makes it, without the bundle. Types: `npm run types`. */
async function compile(): Promise<void> {
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', '--noCheck']).catch(
    (error: unknown) => {
      // Where it does not compile is on its standard output.
      const found = typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`the sources do not compile:\n${found}`, { cause: error });
    },
  );
  for (const file of ['client/sealed-failures.cjs', 'workflows/traced.cjs']) await cp(file, `dist/${file}`);
  for (const folder of ['store/migrations', 'store/functions']) await cp(folder, `dist/${folder}`, { recursive: true });
}

const log = (line: string): boolean => process.stderr.write(`${line}\n`);

async function temporalServer(): Promise<TemporalServer> {
  const here = { cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log };
  const cliPath = await resolveTemporalCli(here);
  const metricsPort = await freePort();
  process.env['TEST_TEMPORAL_METRICS'] = `127.0.0.1:${metricsPort}`;
  if (process.env['SYNCLINE_TEST_CLUSTER'] !== '1') return startTemporal({ cliPath, uiPort: null, metricsPort });

  const binaries = await clusterBinaries(here);
  const dataDir = join(tmpdir(), `syncline-cluster-${randomUUID()}`);
  const postgres = await startPostgres({ dataDir, durable: false });
  const cluster = await startTemporalCluster({
    binaries,
    cliPath,
    pathEnv: here.pathEnv,
    postgresUrl: postgres.url,
    metricsPort,
  });
  return {
    ...cluster,
    stop: async () => {
      await cluster.stop();
      await postgres.stop();
    },
  };
}
