import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import {
  definePartner,
  ownNamespace,
  runToEnd,
  calm,
  startWorker,
  traceOf,
  type Ground,
} from '../durability/durable-bench.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';

const PAGES = 60;
const ROWS = PAGES * 100 - 50;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
const restored = uniqueName('restored');

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 7, payments: ROWS, latencyMs: 40 });
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await inDatabase('postgres', `drop database if exists ${restored} with (force)`);
  await folder.remove();
});

(long ? describe : describe.skip)('in full', () => {
  test('a run goes on from a backup that is older than what Temporal remembers, and loses and doubles nothing', async () => {
    const ground: Ground = {
      databaseUrl: database.url,
      partnersDir: folder.path,
      simulator,
      ...(await ownNamespace(temporal.connection)),
    };
    const partner = uniqueName('backed');
    await definePartner(ground, partner);
    const running = runToEnd(ground, partner);
    const readSome = async (on: Ground): Promise<void> => {
      const until = simulator.requests().length + 10;
      const worker = startWorker(on, partner, calm);
      while (simulator.requests().length < until) await sleep(5);
      expect(await worker.stop()).toBe(0);
    };

    await readSome(ground);
    // As a dump does: all of one moment.
    await inDatabase('postgres', `create database ${restored} template ${new URL(database.url).pathname.slice(1)}`);
    await readSome(ground);
    const lost = simulator.requests().length;
    const after = { ...ground, databaseUrl: databaseUrl(restored) };
    const worker = startWorker(after, partner, calm);
    const report = await running;
    expect(await worker.stop()).toBe(0);

    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS, inserted: ROWS } });
    const trace = await traceOf(after.databaseUrl, partner);
    expect(trace.pages).toContain(`${PAGES} 1..${PAGES} `);
    expect([trace.target, trace.events].map((text) => Number(text.split(' ')[0]))).toEqual([ROWS, ROWS]);
    // What was read after the backup was read once more, and nothing else.
    const again = simulator.requests().length - PAGES;
    expect(again).toBeGreaterThanOrEqual(10);
    expect(again).toBeLessThan(lost);
  });
});
