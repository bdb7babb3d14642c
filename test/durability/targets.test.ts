import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { historyTableOf, tableOf } from '../../apply/table-of.ts';
import { compileStream } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { loadPartner } from '../../definitions/load.ts';
import { openTarget } from '../../workers/open-target.ts';
import { STORE, type TargetDefinition } from '../../definitions/targets.ts';
import type { TargetTable } from '../../targets/target.ts';
import type { FailpointName } from '../../core/failpoint.ts';
import { plainNames } from '../../messages/names.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { randomOf } from '../../simulator/random.ts';
import { listTargetStates } from '../../store/target-states.ts';
import { readRows } from '../../targets/postgres/read-rows.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { firstOf, long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { useKind, kinds, type Kind } from '../targets/kinds.ts';
import { definePartner, ownNamespace, runToEnd, startWorker, type Ground } from './durable-bench.ts';

const PAGES = 12;
const ROWS = PAGES * 100;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 5, payments: ROWS, latencyMs: 5 });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close()]);
  await database.drop();
  await folder.remove();
});

const declared: Record<string, TargetDefinition> = {};

/** A partner whose stream is written to a target of its own, some hundred events a load. */
async function partnerInto(definition: TargetDefinition): Promise<{ partner: string; target: string }> {
  const [partner, target] = [uniqueName('struck'), uniqueName('lake')];
  declared[target] = { ...definition, every: 100, rows: 250 };
  const targets = Object.fromEntries(
    Object.entries(declared).map(([name, of]) => [name, { ...of, every: `${of.every}ms`, timeout: `${of.timeout}ms` }]),
  );
  await writeFile(join(folder.path, 'targets.yaml'), JSON.stringify({ targets }));
  await definePartner(ground, partner, `{ rate: 500, per: 1s, burst: 50 }\ntargets: [${target}]`, { history: true });
  return { partner, target };
}

const streamFor = async (partner: string): Promise<CompiledStream> =>
  compileStream(await loadPartner(partner, { dir: folder.path, env: {} }), 'payments', plainNames);

async function isCaughtUp(partner: string, target: string): Promise<boolean> {
  const pool = openPool(database.url, 1);
  try {
    const wanted = [
      { target, partner, stream: 'payments' },
      { target, partner, stream: 'payments.history' },
      { target: STORE, partner, stream: 'payments.history' },
    ];
    const states = await listTargetStates(pool, { wanted });
    return states.every(({ lastEvent, behind }) => lastEvent === ROWS && behind === 0);
  } finally {
    await pool.end();
  }
}

async function rowsOf(rows: AsyncIterable<{ readonly event: number; readonly values: unknown }>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function storedRows(pool: Pool, table: TargetTable): Promise<unknown[]> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    return await rowsOf(readRows(client, table));
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** The target, opened when no worker has it, shows what the store's own table shows. */
async function expectEqual(partner: string, target: string): Promise<void> {
  const stream = await streamFor(partner);
  const [table, history] = [tableOf(stream), historyTableOf(stream) as TargetTable];
  const pool = openPool(database.url, 1);
  const opened = await openTarget(target, declared[target] as TargetDefinition, plainNames.controlSchema);
  try {
    const [stored, past] = [await storedRows(pool, table), await storedRows(pool, history)];
    expect(stored).toHaveLength(ROWS);
    expect(await rowsOf(opened.rows(table))).toEqual(stored);
    expect(await opened.open(table)).toMatchObject({ event: ROWS });
    // Each came once.
    expect(past).toHaveLength(ROWS);
    expect(await rowsOf(opened.rows(history))).toEqual(past);
    expect(await opened.open(history)).toMatchObject({ event: ROWS });
  } finally {
    await opened.close();
    await pool.end();
  }
}

/** `apply.middle` is among the blows of targets-kills.test.ts as well. */
const points: readonly (readonly [string, FailpointName, number])[] = [
  ['after a load was committed, before anybody heard of it', 'apply.after', 2],
  ['in the middle of a load’s transaction', 'apply.middle', 2],
  ['before a load', 'apply.before', 3],
];

describe.each(firstOf<Kind>(kinds, 1))('a worker of a %s target that is killed', (kind) => {
  const warehouse = useKind(kind);

  test.each(firstOf(points, 1))(
    '%s leaves nothing behind that the next one does not put right',
    async (_, failpoint, count) => {
      const { partner, target } = await partnerInto(await warehouse.declare());
      const env = { SYNCLINE_FAILPOINT: `${failpoint}:${count}` };
      const struck = startWorker(ground, partner, env);
      await struck.ready;
      const running = runToEnd(ground, partner);
      await struck.ended;
      const heir = startWorker(ground, partner);
      expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS, inserted: ROWS } });
      expect(await eventually(() => isCaughtUp(partner, target), 60_000)).toBe(true);
      expect(await heir.stop()).toBe(0);
      await expectEqual(partner, target);
    },
  );

  (long ? describe : describe.skip)('in full', () => {
    test('at any moment, twenty times, is put right each time', async () => {
      const { partner, target } = await partnerInto(await warehouse.declare());
      const chance = randomOf(11);
      let worker = startWorker(ground, partner);
      await worker.ready;
      const running = runToEnd(ground, partner);
      for (let kills = 0; kills < 20; kills++) {
        await sleep(chance() * 1500);
        await worker.kill();
        worker = startWorker(ground, partner);
        await worker.ready;
      }
      expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS } });
      expect(await eventually(() => isCaughtUp(partner, target), 60_000)).toBe(true);
      expect(await worker.stop()).toBe(0);
      await expectEqual(partner, target);
    }, 300_000);
  });
});
