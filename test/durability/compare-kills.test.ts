import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { Pool } from 'pg';
import type { CompareTarget } from '../../messages/compare-target.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { firstOf } from '../support/long.ts';
import { statementGate, type StatementGate } from '../support/statement-gate.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { lastFound, besideFile, damage, found, leftIn, startComparison } from './compare-bench.ts';
import { ownNamespace, type Ground } from './durable-bench.ts';
import {
  declareTargets,
  definePartnerInto,
  isCaughtUp,
  runNight,
  startLoader,
  startPuller,
  targets,
  type Declared,
  type TargetName,
} from './target-bench.ts';

/**
 * Statements that a comparison writes: 1 to 3 it is recorded, 4 its sums, 5 to 7 the second look begins, 8 and 9 its verdict and its findings, in one
 * transaction. A process that ends or stops at one of them has read what comes before it, and not what comes after.
 */
const statements = [8, 3, 7, 4, 9, 1, 2, 5, 6];

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let store: Pool;
let mart: Pool;
let ground: Ground;
let declared: Declared;
let gate: StatementGate;
let puller: WorkerProcess;
/** Has the targets open. */
let worker: WorkerProcess;
const workers: WorkerProcess[] = [];
let lakePath: string;
const martName = uniqueName('mart');
const partner = uniqueName('compared');
/** Of each target what an undisturbed comparison finds. */
const calm = new Map<TargetName, unknown>();
let left: unknown;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 31, payments: 300 });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  store = openPool(database.url, 4);
  await inDatabase('postgres', `create database ${martName}`);
  mart = new Pool({ connectionString: databaseUrl(martName), max: 1 });
  mart.on('error', () => {});
  await mkdir(join(folder.path, 'lake'));
  lakePath = join(folder.path, 'lake', 'lake.duckdb');
  declared = await declareTargets(ground, { lake: lakePath, mart: databaseUrl(martName) });
  await definePartnerInto(ground, partner, targets);
  puller = startPuller(ground, partner);
  const loader = startTargets();
  await runNight(ground, partner, 1);
  for (const target of targets) await eventually(() => isCaughtUp(ground, { partner, target }));
  await loader.stop();
  for (const target of targets) await damage(ground, declared, { partner, target });
  worker = startTargets();
  await worker.ready;
  for (const target of targets) calm.set(target, await comparedNow(target));
  left = await leftIn(mart);
  gate = await statementGate(store, ['syncline.target_comparisons', 'syncline.target_findings']);
}, 300_000);
afterAll(async () => {
  // One that is frozen may hold what the gate is on.
  await Promise.allSettled([puller, ...workers].map((one) => one.kill()));
  await gate?.open();
  await gate?.remove();
  await Promise.allSettled([simulator.close(), temporal.close(), mart.end()]);
  await store.end();
  await database.drop();
  await inDatabase('postgres', `drop database ${martName} with (force)`);
  await folder.remove();
});

function startTargets(): WorkerProcess {
  const started = startLoader(ground, targets);
  workers.push(started);
  return started;
}

const comparedNow = async (target: TargetName): Promise<unknown> =>
  foundBy(await startComparison(ground, { partner, target }));

async function foundBy(handle: WorkflowHandle<CompareTarget>): Promise<unknown> {
  const report = await handle.result();
  if (report.state === 'refused') throw new Error(report.reason);
  return found(store, report.comparison);
}

/** Of the attempt at the step that goes on. */
async function lastFailureOf(handle: WorkflowHandle): Promise<string> {
  const { pendingActivities } = (await handle.describe()).raw;
  return pendingActivities?.[0]?.lastFailure?.message ?? '';
}

test.each(targets)('undisturbed, a comparison with %s finds what somebody did', (target) => {
  const counts = { missing: 5, extra: 2, different: 3, storeRows: 300, targetRows: 297 };
  expect(calm.get(target)).toMatchObject({ verdict: 'differs', reason: null, ...counts });
});

/** Nothing of all comparisons goes on, and nothing of their work is left. */
async function expectTidy(): Promise<void> {
  const { rows } = await store.query(
    `select * from syncline.target_comparisons where state <> 'done' or buckets is not null`,
  );
  expect(rows).toEqual([]);
  expect(await besideFile(lakePath)).toEqual([]);
  await eventually(async () => (await leftIn(mart).then(openIn)) === 0);
  expect(await leftIn(mart)).toEqual(left);
}
const openIn = (seen: unknown): number => (seen as { open: unknown[] }).open.length;

const blows = (count: number) =>
  targets.flatMap((target) => firstOf(statements, count).map((statement) => ({ target, statement })));

test.each(blows(1))(
  'a worker is killed at write $statement of its comparison with $target: the next one finds the same',
  async ({ target, statement }) => {
    await gate.arm(statement);
    const handle = await startComparison(ground, { partner, target });
    await gate.reached();
    await worker.kill();
    await gate.open();
    worker = startTargets();
    expect(await foundBy(handle)).toEqual(calm.get(target));
    await expectTidy();
  },
  240_000,
);

test.each(blows(1).filter(({ target }) => target === 'mart'))(
  'a worker is frozen at write $statement of its comparison with $target: another one finds the same, and it spoils nothing when it goes on',
  async ({ target, statement }) => {
    await gate.arm(statement);
    const handle = await startComparison(ground, { partner, target });
    await gate.reached();
    const zombie = worker;
    process.kill(zombie.pid, 'SIGSTOP');
    await gate.open();
    worker = startTargets();
    expect(await foundBy(handle)).toEqual(calm.get(target));
    // The next one is under way when it goes on.
    const next = await startComparison(ground, { partner, target });
    process.kill(zombie.pid, 'SIGCONT');
    expect(await foundBy(next)).toEqual(calm.get(target));
    const before = await lastFound(store, 5);
    // It is well: now it does the work.
    await worker.stop();
    worker = zombie;
    expect(await comparedNow(target)).toEqual(calm.get(target));
    expect((await lastFound(store, 6)).slice(1)).toEqual(before);
    await expectTidy();
  },
  240_000,
);

test('a worker that is frozen keeps a DuckDB file: others say so, and go on when it does, or ends', async () => {
  const finds = async (goesOn: (frozen: WorkerProcess) => Promise<void>): Promise<void> => {
    await gate.arm(7);
    const handle = await startComparison(ground, { partner, target: 'lake' });
    await gate.reached();
    const frozen = worker;
    process.kill(frozen.pid, 'SIGSTOP');
    await gate.open();
    const other = startTargets();
    await eventually(async () => (await lastFailureOf(handle)).includes(`is in use by process ${frozen.pid}`), 120_000);
    worker = other;
    await goesOn(frozen);
    expect(await foundBy(handle)).toEqual(calm.get('lake'));
    await expectTidy();
  };
  const frozen = worker;
  await finds(async () => {
    process.kill(frozen.pid, 'SIGCONT');
  });
  await worker.stop();
  worker = frozen;
  await finds((stopped) => stopped.kill());
}, 300_000);
