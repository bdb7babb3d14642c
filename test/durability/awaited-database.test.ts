import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from '@jest/globals';
import { freePort } from '../../services/free-port.ts';
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
let port: number;
const partner = uniqueName('early');
const workers: WorkerProcess[] = [];

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
beforeEach(async () => {
  port = await freePort();
});
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.kill())));

/** A worker whose database is to be at `port`. */
const start = (url = database.url): WorkerProcess =>
  startWith({ DATABASE_URL: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href });

function startWith(env: Readonly<Record<string, string>>): WorkerProcess {
  const worker = startWorker(ground, partner, { ...places, ...env });
  workers.push(worker);
  return worker;
}

const waits = (worker: WorkerProcess): Promise<true> =>
  eventually(() => worker.logged().includes('PostgreSQL does not answer yet'), 90_000);

async function whileAnswering<T>(url: string, work: () => Promise<T>): Promise<T> {
  const line: Line = await lineTo(new URL(url).host, port);
  try {
    return await work();
  } finally {
    await line.cut();
  }
}

/** Takes connections, and says nothing: a server that hangs, or a balancer before one that is away. */
async function mute(): Promise<{ readonly server: Server; readonly connected: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).resume();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, connected: () => connections };
}

const left = async (): Promise<readonly string[]> =>
  (await Promise.all(Object.values(places).map((path) => readdir(path, { recursive: true })))).flat();

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a worker that waits for its database is gone at once at %s, leaves nothing, and the next one comes up with the database',
  async (signal) => {
    const worker = start();
    await waits(worker);
    const at = performance.now();
    process.kill(worker.pid, signal);
    expect(await worker.ended).toBe(signal === 'SIGTERM' ? 0 : null);
    expect(performance.now() - at).toBeLessThan(5000);
    expect(await left()).toEqual([]);
    const next = start();
    await waits(next);
    await whileAnswering(database.url, async () => {
      await next.ready;
      expect(await next.stop()).toBe(0);
    });
  },
  180_000,
);

test.each([
  ['PostgreSQL', () => start()],
  ['Temporal', () => startWith({ DATABASE_URL: database.url, TEMPORAL_ADDRESS: `127.0.0.1:${port}` })],
])(
  'so it is where %s takes connections and does not answer',
  async (_, started) => {
    const silent = await mute();
    try {
      const worker = started();
      await eventually(() => silent.connected() > 0, 90_000);
      const at = performance.now();
      process.kill(worker.pid, 'SIGTERM');
      expect(await worker.ended).toBe(0);
      expect(performance.now() - at).toBeLessThan(5000);
    } finally {
      silent.server.close();
    }
  },
  180_000,
);

test('a database that comes without its migrations is not waited for any longer: the error says what to do', async () => {
  await inEmptyDatabase(async ({ url }) => {
    const worker = start(url);
    await waits(worker);
    await whileAnswering(url, async () => {
      expect(await worker.ended).toBe(1);
      expect(worker.logged()).toContain('run `syncline migrate` first');
    });
  });
}, 180_000);

test.each([
  ['the password', (url: URL) => Object.assign(url, { password: 'another' }), 'password authentication failed'],
  ['the database', (url: URL) => Object.assign(url, { pathname: '/nowhere' }), 'database "nowhere" does not exist'],
])(
  'a server that refuses %s is not waited for',
  async (_, changed, says) => {
    await whileAnswering(database.url, async () => {
      const worker = start(changed(new URL(database.url)).href);
      expect(await worker.ended).toBe(1);
      expect(worker.logged()).toContain(says);
      expect(worker.logged()).not.toContain('does not answer yet');
    });
  },
  180_000,
);
