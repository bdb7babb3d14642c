import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { ordersSchema } from '../support/define-stream.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { firstOf } from '../support/long.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { ownGround, startWorker, WINDOW } from './durable-bench.ts';

const PAGES = 8;
const OF_A_PAGE = 10;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  pool = new Pool({ connectionString: database.url });
});

afterAll(async () => {
  await pool.end();
  await temporal.close();
  await database.drop();
  await folder.remove();
});

/** Their workers die side by side: each has a ground of its own, or it would take the work of another. */
const scenario = sideBySide();
const groundOf = (name: string): ReturnType<typeof ownGround> =>
  ownGround({ name, databaseUrl: database.url, folder: folder.path, connection: temporal.connection });

describe('a listing whose cursors die with the worker', () => {
  const heirs = ['commit.middle:1', 'commit.after:1', 'fetch.after:2', 'fetch.after:1'];
  scenario.each(firstOf(heirs, 1))(
    'is begun anew once, whoever dies on the way (%s), and nothing is doubled',
    async (failpoint) => {
      const ground = await groundOf(failpoint);
      let generation = 1;
      let listings = 0;
      const server = await serveAnswers((url) => {
        const [of = '', page = '0'] = (url.searchParams.get('after') ?? '').split('.');
        if (of === '') listings += 1;
        else if (Number(of) !== generation) return { status: 410, body: { error: 'the cursor has expired' } };
        const n = Number(page);
        const data = Array.from({ length: OF_A_PAGE }, (_, i) => ({ id: `o${n}-${i}`, v: 1 }));
        return { body: { data, next: n + 1 < PAGES ? `${generation}.${n + 1}` : null } };
      });
      try {
        const partner = uniqueName('dead');
        const orders = {
          path: '/orders',
          primaryKey: ['id'],
          version: ['v'],
          records: 'data',
          pagination: { type: 'token', token: 'next', as: 'after' },
          schema: ordersSchema,
        };
        const limits = { rate: 500, per: '1s' };
        const retry = { base: '50ms', cap: '500ms' };
        await writeFile(
          join(ground.partnersDir, `${partner}.yaml`),
          JSON.stringify({ name: partner, baseUrl: server.url, limits, retry, streams: { orders } }),
        );
        const struck = startWorker(ground, partner, { SYNCLINE_FAILPOINT: 'fetch.after:4' });
        await struck.ready;
        const { handle } = await startSync(ground.client, {
          partner,
          streams: [],
          window: WINDOW,
          kind: 'manual',
          generation: 1,
        });
        await struck.ended;
        generation = 2;
        const heir = startWorker(ground, partner, { SYNCLINE_FAILPOINT: failpoint });
        await heir.ended;
        const last = startWorker(ground, partner);
        const report = await reportOfSync(handle);
        await last.stop();

        expect(report).toMatchObject({ outcome: 'ok', counts: { inserted: PAGES * OF_A_PAGE } });
        const { rows } = await pool.query<{ events: string; rows: string }>(
          `select (select count(*) from syncline.events e join syncline.streams s using (stream_id) where s.partner = $1) as events,
              (select count(*) from ${partner}.orders) as rows`,
          [partner],
        );
        expect(rows).toEqual([{ events: String(PAGES * OF_A_PAGE), rows: String(PAGES * OF_A_PAGE) }]);
        // The first one, and the one begun anew: again where its first page was not kept.
        expect(listings).toBeLessThanOrEqual(3);
      } finally {
        server.close();
      }
    },
  );
});

describe('an answer that is read part by part', () => {
  scenario('is gone on with behind the parts that a dead worker has kept', async () => {
    const ground = await groundOf('parts');
    const lines = Array.from({ length: 4000 }, (_, n) =>
      JSON.stringify({ id: `o${n}`, v: 1, text: 'line '.repeat(800) }),
    );
    const server = await serveAnswers(() => ({ text: `${lines.join('\n')}\n` }));
    try {
      const partner = uniqueName('parts');
      const orders = { path: '/export', primaryKey: ['id'], version: ['v'], format: 'ndjson', schema: ordersSchema };
      const limits = { rate: 500, per: '1s' };
      const retry = { base: '50ms', cap: '500ms' };
      await writeFile(
        join(ground.partnersDir, `${partner}.yaml`),
        JSON.stringify({ name: partner, baseUrl: server.url, limits, retry, streams: { orders } }),
      );
      const struck = startWorker(ground, partner, { SYNCLINE_FAILPOINT: 'commit.middle:2' });
      await struck.ready;
      const run = { partner, streams: [], window: WINDOW, kind: 'manual', generation: 1 } as const;
      const { handle } = await startSync(ground.client, run);
      await struck.ended;
      const heir = startWorker(ground, partner);
      const report = await reportOfSync(handle);
      await heir.stop();

      expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 4000, inserted: 4000 } });
      expect(server.asked).toHaveLength(2);
      const { rows } = await pool.query<{ events: string; pages: string }>(
        `select (select count(*) from syncline.events e where e.stream_id = s.stream_id) as events,
            (select count(*) from syncline.pages p where p.stream_id = s.stream_id) as pages
          from syncline.streams s where s.partner = $1`,
        [partner],
      );
      expect(rows[0]?.events).toBe('4000');
      expect(Number(rows[0]?.pages)).toBeGreaterThanOrEqual(3);
    } finally {
      server.close();
    }
  });
});
