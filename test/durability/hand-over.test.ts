import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { firstOf, long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { calm, definePartner, ownNamespace, runToEnd, startWorker, traceOf, type Ground } from './durable-bench.ts';

/** Enough for some hand-overs. */
const PAGES = long ? 150 : 90;
const ROWS = PAGES * 100 - 50;
/** Of the requests that a worker sees before it is asked to leave. */
const EVERY = 20;
/** In the long form others join; otherwise all who take over stand ready from the start. */
const WORKERS = long ? 3 : 4;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 7, payments: ROWS, latencyMs: 40 });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

const limits = [
  ['without limits, pages asked for ahead of their reading', '{}'],
  ['with limits, two pages in flight', '{ rate: 500, per: 1s, burst: 50 }'],
] as const;

test.each(firstOf(limits, 1))(
  'workers that are asked to leave again and again lose no page and leave none to be fetched twice: %s',
  async (_, limits) => {
    const partner = uniqueName('leaving');
    await definePartner(ground, partner, limits);
    const before = simulator.requests().length;
    const asked = (): number => simulator.requests().length - before;
    const workers = Array.from({ length: WORKERS }, () => startWorker(ground, partner, calm));
    await Promise.all(workers.map((worker) => worker.ready));

    const ended = { value: false };
    const running = runToEnd(ground, partner).finally(() => (ended.value = true));
    const codes: (number | null)[] = [];
    let next = EVERY;
    while (!ended.value) {
      await sleep(5);
      if (asked() < next || workers.length === 1) continue;
      // The one that holds the grant. Others stand ready; in the long form one more joins, in its own time.
      const leaving = workers.toSorted((a, b) => b.lastAnswerAt() - a.lastAnswerAt())[0] as WorkerProcess;
      workers.splice(workers.indexOf(leaving), 1);
      await Promise.any(workers.map((worker) => worker.ready));
      if (long) workers.push(startWorker(ground, partner, calm));
      codes.push(await leaving.stop());
      next = asked() + EVERY;
    }
    const report = await running;
    const left = codes.length;
    // One that has not begun ends by the signal itself.
    await Promise.all(workers.map((worker) => worker.ready));
    codes.push(...(await Promise.all(workers.map((worker) => worker.stop()))));

    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS, inserted: ROWS } });
    expect(left).toBeGreaterThan(2);
    expect(new Set(codes)).toEqual(new Set([0]));
    expect(asked()).toBe(PAGES);
    expect((await traceOf(database.url, partner)).pages).toContain(`${PAGES} 1..${PAGES} `);
  },
);
