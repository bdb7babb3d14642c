import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { FailpointName } from '../../core/failpoint.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { firstOf, long } from '../support/long.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import {
  definePartner,
  ownGround,
  runToEnd,
  startWorker,
  traceOf,
  WINDOW,
  type WorkerGround,
} from './durable-bench.ts';

const PAGES = 20;

let folder: TemporaryFolder;
let temporal: TestTemporal;
/** Of the run that nobody disturbs. */
let calmWorld: Simulator;
const worlds: Simulator[] = [];
let database: TestDatabase;
const world = { seed: 3, payments: PAGES * 100, latencyMs: 5 };

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  calmWorld = await startSimulator(world);
});

let undisturbed: ReturnType<typeof traceOf> | undefined;
/** Of a run that nobody disturbs, by the workers of whoever asks first. */
const calmTrace = (workers: WorkerGround): ReturnType<typeof traceOf> => (undisturbed ??= runCalmly(workers));

async function runCalmly(workers: WorkerGround): ReturnType<typeof traceOf> {
  const calm = uniqueName('calm');
  const ground = { ...workers, simulator: calmWorld };
  await definePartner(ground, calm);
  await runToEnd(ground, calm);
  return traceOf(database.url, calm);
}

afterAll(async () => {
  await Promise.allSettled([...[calmWorld, ...worlds].map((each) => each.close()), temporal.close()]);
  await database.drop();
  await folder.remove();
});

/** Their workers die side by side: each has a ground of its own, or it would take the work of another. */
const scenario = sideBySide();
const groundOf = (name: string): Promise<WorkerGround> =>
  ownGround({ name, databaseUrl: database.url, folder: folder.path, connection: temporal.connection });

const properties = { id: { type: 'string' }, of: { type: 'string' } };
const keyed = { primaryKey: ['id'], schema: { type: 'object', required: ['id'], properties } };

/** `commit.middle` is among the blows of targets-kills.test.ts as well. */
const points: readonly (readonly [string, FailpointName, number])[] = [
  ['after a commit, before the heartbeat', 'commit.after', 6],
  ['in the middle of a page’s transaction', 'commit.middle', 6],
  ['before a permit', 'permit.before', 8],
  ['after a fetch', 'fetch.after', 8],
  ['in the middle of the very first transaction', 'commit.middle', 1],
  ['after a heartbeat, before the result', 'heartbeat.after', 6],
];

describe('a worker that dies', () => {
  scenario.each(firstOf(points, 1))(
    '%s leaves nothing behind that the next one does not put right',
    async (what, failpoint, count) => {
      const partner = uniqueName('struck');
      const simulator = await startSimulator(world);
      worlds.push(simulator);
      const ground = { ...(await groundOf(what.replaceAll(/\W/g, '-'))), simulator };
      await definePartner(ground, partner);
      const struck = startWorker(ground, partner, { SYNCLINE_FAILPOINT: `${failpoint}:${count}` });
      await struck.ready;
      const running = runToEnd(ground, partner);
      await struck.ended;
      const heir = startWorker(ground, partner);
      expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: PAGES * 100, inserted: PAGES * 100 } });
      expect(simulator.requests().length - PAGES).toBeLessThanOrEqual(2);
      expect(await traceOf(database.url, partner)).toEqual(await calmTrace(ground));
      await heir.stop();
    },
  );

  scenario('after a login that it could not note, leaves one that the next one makes again', async () => {
    const partner = uniqueName('struck');
    const guarded = await startSimulator({ ...world, auth: { type: 'oauth2' } });
    const own = { ...(await groundOf('login')), simulator: guarded };
    try {
      await definePartner(own, partner);
      await appendFile(
        join(own.partnersDir, `${partner}.yaml`),
        `auth:
  type: login
  url: ${guarded.url}/oauth/token
  as: form
  credentials: { grant_type: client_credentials, client_id: sim-client, client_secret: sim-secret }
  token: access_token
  expiresIn: expires_in
`,
      );
      const struck = startWorker(own, partner, { SYNCLINE_FAILPOINT: 'token.after' });
      await struck.ready;
      const running = runToEnd(own, partner);
      await struck.ended;
      const heir = startWorker(own, partner);
      expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: PAGES * 100, inserted: PAGES * 100 } });
      expect(await traceOf(database.url, partner)).toEqual(await calmTrace(own));
      await heir.stop();
      expect(guarded.stats().streams['oauth']).toMatchObject({ requests: 2 });
    } finally {
      await guarded.close();
    }
  });

  scenario(
    'in the transaction that brings what records wait for leaves them waiting, and the next one releases them once',
    async () => {
      const ground = await groundOf('waiting');
      const name = uniqueName('bank');
      const ids = Array.from({ length: 30 }, (_, n) => `p${n}`);
      const bank = await serveAnswers((url) => ({
        body: ids.map((id) => (url.pathname === '/refunds' ? { id: `r${id}`, of: id } : { id })),
      }));
      const streams = {
        payments: { ...keyed, path: '/payments' },
        refunds: { ...keyed, path: '/refunds', requires: { original: { stream: 'payments', by: 'of' } } },
      };
      await writeFile(join(ground.partnersDir, `${name}.yaml`), JSON.stringify({ name, baseUrl: bank.url, streams }));
      const read = async (stream: string): Promise<unknown> => {
        const started = await startSync(ground.client, {
          ...{ partner: name, streams: [stream], window: WINDOW, kind: 'manual', generation: 1 },
        });
        return reportOfSync(started.handle);
      };
      try {
        const struck = startWorker(ground, name, { SYNCLINE_FAILPOINT: 'commit.released:2' });
        await struck.ready;
        expect(await read('refunds')).toMatchObject({ outcome: 'ok' });
        const reading = read('payments');
        await struck.ended;
        const waiting = `select count(*) filter (where status = 'waiting') || ' of ' || count(*) as waits from syncline.waiting
        join syncline.streams using (stream_id) where partner = $1`;
        const waits = async (): Promise<unknown> => (await database.pool.query(waiting, [name])).rows;
        expect(await waits()).toEqual([{ waits: '30 of 30' }]);
        const heir = startWorker(ground, name);
        expect(await reading).toMatchObject({ outcome: 'ok' });
        expect(await waits()).toEqual([{ waits: '0 of 30' }]);
        const { rows } = await database.pool.query(
          `select name, operation, count(*)::int, count(distinct key)::int as keys from syncline.events join syncline.streams using (stream_id)
          where partner = $1 group by name, operation order by name, operation`,
          [name],
        );
        expect(rows).toEqual([
          { name: 'payments', operation: 'u', count: 30, keys: 30 },
          { name: 'refunds', operation: 'u', count: 30, keys: 30 },
          { name: 'refunds', operation: 'w', count: 30, keys: 30 },
        ]);
        await heir.stop();
      } finally {
        bank.close();
      }
    },
  );
});

// The short form has it without a process that dies: test/waiting/fetch.test.ts.
(long ? describe : describe.skip)('a worker that dies, in the long form', () => {
  test('between a call for what a record waits for and its commit leaves it to the next one, and it lands once', async () => {
    const name = uniqueName('bank');
    const ids = ['a', 'b', 'c'];
    const ground = await groundOf('fetched');
    const bank = await serveAnswers(({ pathname }) => {
      if (pathname === '/refunds') return { body: ids.map((id) => ({ id: `r${id}`, of: id })) };
      return { body: { id: pathname.slice(-1) } };
    });
    const fetch = { path: '/payments/{id}' };
    const streams = {
      payments: { ...keyed, path: '/payments' },
      refunds: { ...keyed, path: '/refunds', requires: { original: { stream: 'payments', by: 'of', fetch } } },
    };
    await writeFile(join(ground.partnersDir, `${name}.yaml`), JSON.stringify({ name, baseUrl: bank.url, streams }));
    try {
      const struck = startWorker(ground, name, { SYNCLINE_FAILPOINT: 'fetched.before:2' });
      await struck.ready;
      const started = await startSync(ground.client, {
        ...{ partner: name, streams: ['refunds'], window: WINDOW, kind: 'manual', generation: 1 },
      });
      const reading = reportOfSync(started.handle);
      await struck.ended;
      const heir = startWorker(ground, name);
      expect(await reading).toMatchObject({ outcome: 'ok' });
      // The call whose answer the dead one had, once more.
      expect(bank.asked.filter((url) => url.includes('/payments/')).map((url) => url.slice(-1))).toEqual([
        ...['a', 'b', 'b', 'c'],
      ]);
      const { rows } = await database.pool.query(
        `select name, operation, count(*)::int, (select count(*)::int from syncline.stream_runs r where r.stream_id = s.stream_id
              and state = 'done') as runs
          from syncline.events join syncline.streams s using (stream_id) where partner = $1 group by s.stream_id, name, operation order by name, operation`,
        [name],
      );
      expect(rows).toEqual([
        { name: 'payments', operation: 'u', count: 3, runs: 1 },
        { name: 'refunds', operation: 'u', count: 3, runs: 1 },
        { name: 'refunds', operation: 'w', count: 3, runs: 1 },
      ]);
      await heir.stop();
    } finally {
      bank.close();
    }
  });
});
