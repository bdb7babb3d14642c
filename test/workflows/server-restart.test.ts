import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../services/temporal-server.ts';
import type { Simulator } from '../../simulator/start.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { openScene, PAGES, startPartner, WINDOW, type Scene } from './scene.ts';

const names = ['calm', 'shaken'] as const;
let folder: TemporaryFolder;
let cliPath: string;
let temporal: TemporalServer;
let database: TestDatabase;
let scene: Scene;
const simulators = {} as Record<(typeof names)[number], Simulator>;

beforeAll(async () => {
  folder = await temporaryFolder();
  cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  [temporal, database] = await Promise.all([start(), freshDatabase()]);
  for (const name of names) simulators[name] = await startPartner();
  scene = await openScene({
    temporalAddress: temporal.address,
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    partners: Object.fromEntries(names.map((name) => [name, { baseUrl: simulators[name].url }])),
  });
});
afterAll(async () => {
  await scene?.close();
  await temporal?.stop();
  for (const simulator of Object.values(simulators)) await simulator.close();
  await database?.drop();
  await folder?.remove();
});

const start = (port?: number): Promise<TemporalServer> =>
  startTemporal({ cliPath, dbFile: join(folder.path, 'temporal.db'), uiPort: null, port });
const syncOf = (partner: string) => ({ partner, streams: [], window: WINDOW, kind: 'manual', generation: 1 }) as const;

test('a run outlives the death of the Temporal server, and nothing is doubled', async () => {
  const calm = await reportOfSync((await startSync(scene.client, syncOf('calm'))).handle);
  // Slow enough to be still at it when the server is back: a grant goes on reading while Temporal is away.
  simulators.shaken.set({ latencyMs: 150 });
  const begun = await startSync(scene.client, syncOf('shaken'));
  expect(await eventually(() => simulators.shaken.requests().length >= 5)).toBe(true);
  await temporal.kill();
  const before = simulators.shaken.requests().length;
  expect(before).toBeLessThan(PAGES.payments + PAGES.customers);
  temporal = await start(Number(temporal.address.split(':')[1]));

  // A client of the time after: the old one may have given up.
  const connection = await Connection.connect({ address: temporal.address });
  const { handle, state } = await startSync(new Client({ connection }), syncOf('shaken'));
  expect(handle.workflowId).toBe(begun.runId);
  expect(state).toBe('begun');
  const report = await reportOfSync(handle);
  await connection.close();
  expect(report).toMatchObject({ outcome: 'ok', counts: 'counts' in calm ? calm.counts : {} });
  expect(await scene.traces('shaken')).toEqual(await scene.traces('calm'));
  // Grants whose end the server did not hear of are given again, and go on from the checkpoint.
  expect(simulators.shaken.requests().length).toBeLessThanOrEqual(simulators.calm.requests().length + 4);
});
