import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { balances } from '../../core/counts.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { fewBlows, manyBlows, shuffled, strike, type Server } from './blows.ts';
import { ownNamespace, startWorker, traceOf, type Ground } from './durable-bench.ts';
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

const SEED = 15;
const NIGHTS = long ? 4 : 2;
/** Of each night: records come again, and some of them have changed. */
const PAGES = long ? 250 : 20;
const ROWS = PAGES * 100 - 50;
const blows = shuffled(long ? manyBlows : fewBlows, SEED);

let folder: TemporaryFolder;
let temporal: TestTemporal;
let world: Simulator;
let calmWorld: Simulator;
let servers: Record<Server, PostgresServer>;
let ground: Ground;
let declared: Declared;

beforeAll(async () => {
  [folder, temporal] = [await temporaryFolder(), await testTemporal()];
  const [store, warehouse] = (await Promise.all(
    ['store', 'warehouse'].map((name) => startPostgres({ dataDir: join(folder.path, name), durable: true })),
  )) as [PostgresServer, PostgresServer];
  servers = { store, warehouse };
  await migrate(store.url);
  [world, calmWorld] = [
    await startSimulator({ seed: SEED, payments: ROWS, latencyMs: 60 }),
    await startSimulator({ seed: SEED, payments: ROWS }),
  ];
  ground = {
    databaseUrl: store.url,
    partnersDir: folder.path,
    simulator: world,
    ...(await ownNamespace(temporal.connection)),
  };
  declared = await declareTargets(ground, { lake: join(folder.path, 'lake.duckdb'), mart: warehouse.url });
});
afterAll(async () => {
  await Promise.allSettled([world, calmWorld].map((simulator) => simulator.close()));
  await Promise.allSettled([temporal.close(), ...Object.values(servers).map((server) => server.stop())]);
  await folder.remove();
});

test(`a stream, a DuckDB file and a second PostgreSQL after ${blows.length} kills are those of an undisturbed run`, async () => {
  const [calm, struck] = [uniqueName('calm'), uniqueName('struck')];
  await definePartnerInto({ ...ground, simulator: calmWorld }, calm, targets);
  await definePartnerInto(ground, struck, targets);
  const worker = startWorker(ground, calm);
  const expected = await nights(calm, calmWorld);
  await worker.stop();

  const ended = { value: false };
  const running = nights(struck, world).finally(() => (ended.value = true));
  // Awaited once the blows are over.
  running.catch(() => {});
  const { kills, failpoints } = await strike({
    blows,
    seed: SEED,
    pages: NIGHTS * PAGES,
    asked: () => world.requests().length,
    ended: () => ended.value,
    start: (post, env) =>
      post === 'puller' ? startPuller(ground, struck, { ...env, ...patience }) : startLoader(ground, [post], env),
    restart: killAndRestart,
  });
  const reports = await running;

  const all = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const refetched = world.requests().length - NIGHTS * PAGES;
  process.stderr.write(`${all} kills ${JSON.stringify(kills)}, ${refetched} pages fetched again\n`);
  expect(failpoints.toSorted()).toEqual(
    blows.flatMap((blow) => ('failpoint' in blow ? [blow.failpoint] : [])).toSorted(),
  );
  expect(all).toBe(blows.length + failpoints.length);
  // What loads from the log asks nothing of a partner.
  expect(refetched).toBeLessThanOrEqual(2 * (kills.puller + kills.store));
  expect(reports.map(factsOf)).toEqual(expected.map(factsOf));
  expect(reports.every(({ outcome, counts }) => outcome === 'ok' && balances(counts))).toBe(true);

  expect(await traceOf(ground.databaseUrl, struck)).toEqual(await traceOf(ground.databaseUrl, calm));
  const store = await shownByStore(ground, calm);
  expect(store.rows).toHaveLength(ROWS + ADDED * (NIGHTS - 1));
  expect(await eventNumbers(struck)).toEqual({ count: store.event, first: 1, last: store.event });
  expect(await shownByStore(ground, struck)).toEqual(store);
  for (const target of targets)
    for (const partner of [calm, struck])
      expect([target, partner, await shownBy(ground, declared, { target, partner })]).toEqual([target, partner, store]);
}, 3_600_000);

const ADDED = 10;
/** On a busy machine one that lives is not to be taken for dead: its pages would be fetched twice. */
const patience = { SYNCLINE_HEARTBEAT_TIMEOUT: '3s' };

/** Night after night, until both targets show the last one. */
async function nights(partner: string, simulator: Simulator): Promise<RunReport[]> {
  const reports: RunReport[] = [];
  for (let night = 1; night <= NIGHTS; night++) {
    if (night > 1) simulator.mutate({ change: ROWS / 2, add: ADDED });
    reports.push(await runNight(ground, partner, night));
  }
  const isThere = (): Promise<boolean> =>
    Promise.all(targets.map((target) => isCaughtUp(ground, { partner, target }))).then(
      (caughtUp) => !caughtUp.includes(false),
      // The store is being started again.
      () => false,
    );
  expect(await eventually(isThere, 240_000)).toBe(true);
  return reports;
}

const factsOf = ({ outcome, counts }: RunReport): unknown => ({ outcome, counts });

async function killAndRestart(name: Server): Promise<void> {
  const { port, dataDir } = servers[name];
  await servers[name].kill();
  servers[name] = await startPostgres({ dataDir, durable: true, port });
}

async function eventNumbers(partner: string): Promise<unknown> {
  const pool = new Pool({ connectionString: ground.databaseUrl, options: '-c search_path=syncline' });
  pool.on('error', () => {});
  try {
    const { rows } = await pool.query<object>(
      `select count(*)::int as count, min(event)::int as first, max(event)::int as last from events
        where stream_id = (select stream_id from streams where partner = $1)`,
      [partner],
    );
    return rows[0];
  } finally {
    await pool.end();
  }
}
