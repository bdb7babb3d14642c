import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FailpointName } from '../../core/failpoint.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { firstOf } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { definePartner, ownNamespace, runToEnd, startWorker, traceOf, type Ground } from './durable-bench.ts';

const PAGES = 20;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
const calm = uniqueName('calm');

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 3, payments: PAGES * 100, latencyMs: 5 });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  await definePartner(ground, calm);
}, 120_000);

let undisturbed: ReturnType<typeof traceOf> | undefined;
/** Of a run that nobody disturbs, by whichever worker is there. */
const calmTrace = (): ReturnType<typeof traceOf> =>
  (undisturbed ??= runToEnd(ground, calm).then(() => traceOf(database.url, calm)));

afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close()]);
  await database.drop();
  await folder.remove();
});

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
  test.each(firstOf(points, 1))(
    '%s leaves nothing behind that the next one does not put right',
    async (_, failpoint, count) => {
      const partner = uniqueName('struck');
      await definePartner(ground, partner);
      const before = simulator.requests().length;
      const struck = startWorker(ground, partner, { SYNCLINE_FAILPOINT: `${failpoint}:${count}` });
      await struck.ready;
      const running = runToEnd(ground, partner);
      await struck.ended;
      const heir = startWorker(ground, partner);
      expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: PAGES * 100, inserted: PAGES * 100 } });
      expect(simulator.requests().length - before - PAGES).toBeLessThanOrEqual(2);
      expect(await traceOf(database.url, partner)).toEqual(await calmTrace());
      await heir.stop();
    },
    60_000,
  );

  test('after a login that it could not note, leaves one that the next one makes again', async () => {
    const partner = uniqueName('struck');
    const guarded = await startSimulator({ seed: 3, payments: PAGES * 100, latencyMs: 5, auth: { type: 'oauth2' } });
    const own = { ...ground, simulator: guarded };
    try {
      await definePartner(own, partner);
      await appendFile(
        join(folder.path, `${partner}.yaml`),
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
      expect(await traceOf(database.url, partner)).toEqual(await calmTrace());
      await heir.stop();
      expect(guarded.stats().streams['oauth']).toMatchObject({ requests: 2 });
    } finally {
      await guarded.close();
    }
  }, 60_000);
});
