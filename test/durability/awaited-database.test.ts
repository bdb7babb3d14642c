import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { inEmptyDatabase } from '../support/empty-database.ts';
import { eventually } from '../support/eventually.ts';
import { lineTo, type Line } from '../support/line-to.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { definePartner, ownNamespace, startWorker, type Ground } from './durable-bench.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
/** Where a worker may leave something. */
let places: Readonly<Record<'TMPDIR' | 'SYNCLINE_HOME', string>>;
const partner = uniqueName('early');
const workers: WorkerProcess[] = [];
const lines: Line[] = [];

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ payments: 10 });
  const partnersDir = join(folder.path, 'partners');
  ground = { databaseUrl: '', partnersDir, simulator, ...(await ownNamespace(temporal.connection)) };
  places = { TMPDIR: join(folder.path, 'tmp'), SYNCLINE_HOME: join(folder.path, 'home') };
  for (const path of [partnersDir, ...Object.values(places)]) await mkdir(path);
  await definePartner(ground, partner);
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await Promise.all(lines.splice(0).map((line) => line.cut()));
});

async function line(...to: Parameters<typeof lineTo>): Promise<Line> {
  const made = await lineTo(...to);
  lines.push(made);
  return made;
}

/** A worker that has its database at the end of a line. */
const startAt = ({ address }: Line, url = database.url): WorkerProcess =>
  startWith({ DATABASE_URL: Object.assign(new URL(url), { host: address }).href });

function startWith(env: Readonly<Record<string, string>>): WorkerProcess {
  const worker = startWorker(ground, partner, { ...places, ...env });
  workers.push(worker);
  return worker;
}

const waits = (worker: WorkerProcess): Promise<true> =>
  eventually(() => worker.logged().includes('PostgreSQL does not answer yet'), 90_000);

const left = async (): Promise<readonly string[]> =>
  (await Promise.all(Object.values(places).map((path) => readdir(path, { recursive: true })))).flat();

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a worker that waits for its database is gone at once at %s, leaves nothing, and the next one comes up with the database',
  async (signal) => {
    const postgres = await line(new URL(database.url).host, 'shut');
    const worker = startAt(postgres);
    await waits(worker);
    const at = performance.now();
    process.kill(worker.pid, signal);
    expect(await worker.ended).toBe(signal === 'SIGTERM' ? 0 : null);
    expect(performance.now() - at).toBeLessThan(5000);
    expect(await left()).toEqual([]);
    const next = startAt(postgres);
    await waits(next);
    postgres.open();
    await next.ready;
    expect(await next.stop()).toBe(0);
  },
);

test.each([
  ['PostgreSQL', (silent: Line) => startAt(silent)],
  ['Temporal', ({ address }: Line) => startWith({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: address })],
])('so it is where %s takes connections and does not answer', async (_, started) => {
  const silent = await line('127.0.0.1:1', 'silent');
  const worker = started(silent);
  await eventually(() => silent.connected() > 0, 90_000);
  const at = performance.now();
  process.kill(worker.pid, 'SIGTERM');
  expect(await worker.ended).toBe(0);
  expect(performance.now() - at).toBeLessThan(5000);
});

test('a database that comes without its migrations is not waited for any longer: the error says what to do', async () => {
  await inEmptyDatabase(async ({ url }) => {
    const postgres = await line(new URL(url).host, 'shut');
    const worker = startAt(postgres, url);
    await waits(worker);
    postgres.open();
    expect(await worker.ended).toBe(1);
    expect(worker.logged()).toContain('run `syncline migrate` first');
  });
});

test.each([
  ['the password', (url: URL) => Object.assign(url, { password: 'another' }), 'password authentication failed'],
  ['the database', (url: URL) => Object.assign(url, { pathname: '/nowhere' }), 'database "nowhere" does not exist'],
])('a server that refuses %s is not waited for', async (_, changed, says) => {
  const worker = startWith({ DATABASE_URL: changed(new URL(database.url)).href });
  expect(await worker.ended).toBe(1);
  expect(worker.logged()).toContain(says);
  expect(worker.logged()).not.toContain('does not answer yet');
});
