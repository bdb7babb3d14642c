import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { ownNamespace, type Ground } from './durable-bench.ts';
import {
  declareTargets,
  definePartnerInto,
  isCaughtUp,
  runNight,
  shownBy,
  shownByStore,
  startLoader,
  startPuller,
  targets,
  type Declared,
} from './target-bench.ts';

const PAGES = 10;
const ROWS = PAGES * 100;
const WORKERS = 4;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
let declared: Declared;
const mart = uniqueName('mart');
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 22, payments: ROWS });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  await inDatabase('postgres', `create database ${mart}`);
  declared = await declareTargets(ground, { lake: join(folder.path, 'lake.duckdb'), mart: databaseUrl(mart) });
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await inDatabase('postgres', `drop database ${mart} with (force)`);
  await folder.remove();
});

const partners = ['one', 'two', 'three'].map(uniqueName);

async function nightOfAll(night: number): Promise<void> {
  if (night > 1) simulator.mutate({ change: ROWS / 2 });
  const reports = await Promise.all(partners.map((partner) => runNight(ground, partner, night)));
  expect(reports.map(({ outcome, counts }) => [outcome, counts.fetched])).toEqual(partners.map(() => ['ok', ROWS]));
}

const allCaughtUp = (): Promise<boolean> =>
  eventually(async () => {
    for (const partner of partners)
      for (const target of targets) if (!(await isCaughtUp(ground, { partner, target }))) return false;
    return true;
  }, 240_000);

// With two workers it takes half a minute and shows no more than the tests of the file that one process holds.
(long ? describe : describe.skip)('in full', () => {
  test(`of ${WORKERS} workers of a DuckDB file one has it, the others say which, and go on when it is gone; a PostgreSQL takes all of them`, async () => {
    for (const partner of partners) await definePartnerInto(ground, partner, targets);
    const holder = startLoader(ground, targets);
    workers.push(startPuller(ground, partners.toSorted().at(-1) ?? ''), holder);
    await nightOfAll(1);
    expect(await allCaughtUp()).toBe(true);
    const others = Array.from({ length: WORKERS - 1 }, () => startLoader(ground, targets));
    workers.push(...others);
    await Promise.all(others.map((worker) => worker.ready));
    await nightOfAll(2);
    expect(await allCaughtUp()).toBe(true);

    // It keeps the file, and takes no work: the others have to try.
    process.kill(holder.pid, 'SIGSTOP');
    await nightOfAll(3);
    const says = (worker: WorkerProcess): boolean => worker.logged().includes(`is in use by process ${holder.pid}`);
    expect(await eventually(() => others.every(says), 120_000)).toBe(true);
    await holder.kill();
    expect(await allCaughtUp()).toBe(true);
    await Promise.all(others.map((worker) => worker.stop()));

    for (const partner of partners) {
      const store = await shownByStore(ground, partner);
      expect(store.rows).toHaveLength(ROWS);
      for (const target of targets)
        expect([target, await shownBy(ground, declared, { partner, target })]).toEqual([target, store]);
    }
  }, 400_000);
});
