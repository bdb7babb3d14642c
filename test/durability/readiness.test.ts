import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../services/free-port.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { calm, definePartner, ownNamespace, startWorker } from './durable-bench.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ payments: 10 });
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

test('a worker that serves many targets prints its log and nothing else', async () => {
  const own = await temporaryFolder();
  const names = Array.from({ length: 12 }, (_, i) => `lake${i}`);
  const targets = Object.fromEntries(names.map((name) => [name, { type: 'duckdb', path: `${name}.duckdb` }]));
  await writeFile(join(own.path, 'targets.yaml'), JSON.stringify({ targets }));
  const ground = {
    databaseUrl: database.url,
    partnersDir: own.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  const partner = uniqueName('plain');
  await definePartner(ground, partner);
  const worker = startWorker(ground, partner, calm);
  await worker.ready;
  await eventually(() => names.every((name) => worker.logged().includes(`target.${name}"`)));
  expect(await worker.stop()).toBe(0);
  const notOfTheLog = worker
    .logged()
    .split('\n')
    .filter((line) => !line.startsWith('{'));
  expect(notOfTheLog).toEqual([]);
  await own.remove();
});

test('a worker is ready while it polls, Temporal answers and the database is up to date', async () => {
  const ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  const partner = uniqueName('probed');
  await definePartner(ground, partner);
  const address = `127.0.0.1:${await freePort()}`;
  const worker = startWorker(ground, partner, { ...calm, SYNCLINE_HEALTH_ADDRESS: address });
  // The probes answer once all queues are polled.
  await worker.ready;
  let said: unknown;
  const saysReady = async (ready: boolean): Promise<boolean> => {
    const response = await fetch(`http://${address}/readyz`).catch(() => undefined);
    said = await response?.json();
    return (said as { ready: boolean } | undefined)?.ready === ready;
  };

  await eventually(() => saysReady(true));
  expect(said).toEqual({ ready: true, problems: [] });
  // As if a newer version were running against a database that was restored from before it.
  await database.pool.query(`delete from syncline.migrations where name = '0005_governor.sql'`);
  await eventually(() => saysReady(false));
  expect(said).toEqual({ ready: false, problems: ['database: lacks 0005_governor.sql; run syncline migrate'] });
  expect(await worker.stop()).toBe(0);
});
