import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { wakeStreams } from '../../client/governor.ts';
import { plainNames } from '../../messages/names.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { openStreamRuns } from '../../store/ledger/open-runs.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { endPauses, orderPause } from '../../store/pauses.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { definePartner, ownNamespace, runToEnd, startWorker, WINDOW, type Ground } from './durable-bench.ts';

const PAGES = 60;
const ROWS = PAGES * 100;
const WORKERS = long ? 4 : 2;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 7, payments: ROWS, latencyMs: 30 });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

const allReady = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.ready));

test(`a pause by a person holds whoever is killed in it, among ${WORKERS} workers, and nothing is lost or doubled`, async () => {
  const partner = uniqueName('standing');
  await definePartner(ground, partner);
  const pool = openPool(database.url, 2);
  const join = (): void => void workers.push(startWorker(ground, partner));
  try {
    for (let i = 0; i < WORKERS; i += 1) join();
    await allReady();
    const running = runToEnd(ground, partner);
    running.catch(() => {});
    expect(await eventually(() => simulator.requests().length >= 10)).toBe(true);
    const pause = { scope: 'partner', target: partner, partner, reason: 'their release', by: 'a person' } as const;
    await orderPause(pool, { ...pause, atOnce: true });
    // The one at work dies before it can say that it has seen the pause.
    const [atWork] = workers.toSorted((a, b) => b.lastAnswerAt() - a.lastAnswerAt()) as [WorkerProcess];
    workers.splice(workers.indexOf(atWork), 1);
    await atWork.kill();
    join();
    const rests = async (): Promise<boolean> =>
      (await openStreamRuns(pool, { partner })).every(({ kind }) => kind === 'paused');
    expect(await eventually(rests, 40_000)).toBe(true);

    // And now those that know.
    const before = simulator.requests().length;
    for (const worker of workers.splice(0, 2)) await worker.kill();
    for (let i = 0; i < WORKERS / 2; i += 1) join();
    await allReady();
    await sleep(2000);
    expect(simulator.requests().length).toBe(before);

    await endPauses(pool, { targets: [pause], by: 'a person', reason: 'over' });
    await wakeStreams(ground.client, [
      plainNames.streamSyncId({ partner, stream: 'payments', window: WINDOW, generation: 1 }),
    ]);
    expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS, inserted: ROWS } });
    // The kill in the middle of a grant: the page being written and the one being fetched; breaking off: as many.
    expect(simulator.requests().length - PAGES).toBeLessThanOrEqual(4);
  } finally {
    await pool.end();
  }
});
