import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import {
  definePartner,
  grantEnds,
  ownNamespace,
  runToEnd,
  startWorker,
  traceOf,
  type Ground,
} from './durable-bench.ts';
import { randomOf } from '../../simulator/random.ts';

const PAGES = long ? 303 : 83;
/** Each kill costs the start of a worker. */
const seeds: readonly (readonly [seed: number, kills: number])[] = [
  [11, long ? 30 : 4],
  ...(long ? ([[12, 30]] as const) : []),
];
const KILLS_AHEAD = long ? 12 : 2;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let postgres: PostgresServer;
let ground: Ground;
let undisturbed: Awaited<ReturnType<typeof traceOf>>;
const run = uniqueName('run');
const stormy = (seed: number): string => `storm_${seed}_${run}`;
const ahead = `ahead_${run}`;
/** Two at a time, of all partners: who lives through one test goes on in the next. */
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [folder, temporal] = [await temporaryFolder(), await testTemporal()];
  simulator = await startSimulator({ seed: 7, payments: PAGES * 100 - 50, latencyMs: 15 });
  postgres = await startPostgres({ dataDir: `${folder.path}/postgres`, durable: true });
  await migrate(postgres.url);
  ground = {
    databaseUrl: postgres.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  const partner = uniqueName('calm');
  await definePartner(ground, partner);
  for (const [seed] of seeds) await definePartner(ground, stormy(seed));
  await definePartner(ground, ahead, '{}');
  workers.push(startWorker(ground, partner));
  await runToEnd(ground, partner);
  undisturbed = await traceOf(postgres.url, partner);
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await Promise.allSettled([simulator.close(), temporal.close(), postgres.stop()]);
  await folder.remove();
});

describe('a run whose workers are killed again and again', () => {
  test.each(seeds)(
    'ends as an undisturbed run does (seed %i, %i kills)',
    async (seed, most) => {
      const random = randomOf(seed);
      const partner = stormy(seed);
      const before = simulator.requests().length;
      const asked = (): number => simulator.requests().length - before;

      // Two workers: the one that holds the grant is killed, the other takes over while a new one starts.
      while (workers.length < 2) workers.push(startWorker(ground, partner));
      await Promise.all(workers.map((worker) => worker.ready));
      const ended = { value: false };
      const running = runToEnd(ground, partner).finally(() => (ended.value = true));
      let kills = 0;
      let next = asked() + 2 + Math.floor(random() * 12);
      while (!ended.value) {
        await sleep(5);
        if (kills >= most || asked() < next) continue;
        await sleep(random() * 40);
        const victim = workers.toSorted((a, b) => b.lastAnswerAt() - a.lastAnswerAt())[0] as WorkerProcess;
        await victim.kill();
        kills += 1;
        if (kills === most / 2) await killAndRestartPostgres();
        workers.splice(workers.indexOf(victim), 1, startWorker(ground, partner));
        next = asked() + 2 + Math.floor(random() * 12);
      }
      const report = await running;

      expect(kills).toBe(most);
      expect(report).toMatchObject({
        outcome: 'ok',
        counts: { fetched: PAGES * 100 - 50, inserted: PAGES * 100 - 50 },
      });
      expect(await traceOf(postgres.url, partner)).toEqual(undisturbed);
      expect(undisturbed.pages).toContain(`${PAGES} 1..${PAGES} `);
      expect(asked() - PAGES).toBeLessThanOrEqual(2 * kills);
    },
    300_000,
  );
});

describe('without limits, where pages are asked for ahead of their reading', () => {
  test('workers of which the one at work is killed again and again end as an undisturbed run does', async () => {
    const random = randomOf(13);
    const partner = ahead;
    const before = simulator.requests().length;
    const asked = (): number => simulator.requests().length - before;
    while (workers.length < 2) workers.push(startWorker(ground, partner));
    await Promise.all(workers.map((worker) => worker.ready));
    const ended = { value: false };
    const running = runToEnd(ground, partner).finally(() => (ended.value = true));
    let kills = 0;
    let next = 10;
    while (!ended.value) {
      await sleep(5);
      if (kills === KILLS_AHEAD || asked() < next) continue;
      await sleep(random() * 100);
      const victim = workers.toSorted((a, b) => b.lastAnswerAt() - a.lastAnswerAt())[0] as WorkerProcess;
      await victim.kill();
      kills += 1;
      workers.splice(workers.indexOf(victim), 1, startWorker(ground, partner));
      next = asked() + 10 + Math.floor(random() * 10);
    }
    const report = await running;

    expect(kills).toBe(KILLS_AHEAD);
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: PAGES * 100 - 50, inserted: PAGES * 100 - 50 } });
    expect(await traceOf(postgres.url, partner)).toEqual(undisturbed);
    // Sixteen that wait for the database and one that is being fetched (docs/decisions/0003).
    expect(asked() - PAGES).toBeLessThanOrEqual(17 * kills);
    // The timeline shows the grants that were killed as such: each had been given, and none has told of its end.
    const { done, lost = 0 } = await grantEnds(postgres.url, partner);
    expect(done).toBe(1);
    expect(lost).toBeGreaterThanOrEqual(1);
    expect(lost).toBeLessThanOrEqual(kills);
  }, 200_000);
});

async function killAndRestartPostgres(): Promise<void> {
  const { port, dataDir } = postgres;
  await postgres.kill();
  postgres = await startPostgres({ dataDir, durable: true, port });
}
