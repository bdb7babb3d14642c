import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { FailpointName } from '../../core/failpoint.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { jobPartner, type JobPartner } from '../support/job-partner.ts';
import { firstOf, long } from '../support/long.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { ordersSchema } from '../support/define-stream.ts';
import { ownGround, startWorker, WINDOW, type WorkerGround } from './durable-bench.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let database: TestDatabase;
let pool: Pool;
const servers: { close: () => void }[] = [];

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  pool = new Pool({ connectionString: database.url });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await pool.end();
  await temporal.close();
  await database.drop();
  await folder.remove();
});

/** Their workers die side by side: each has a ground of its own, or it would take the work of another. */
const scenario = sideBySide();
const groundOf = (name: string): Promise<WorkerGround> =>
  ownGround({ name, databaseUrl: database.url, folder: folder.path, connection: temporal.connection });

async function partnerOf(ground: WorkerGround, { answer }: JobPartner): Promise<string> {
  return (await askedPartner(ground, { answer })).name;
}

async function askedPartner(
  { partnersDir }: WorkerGround,
  { answer }: Pick<JobPartner, 'answer'>,
  more: object = {},
): Promise<{ readonly name: string; readonly asked: readonly string[] }> {
  const name = uniqueName('jobs');
  const server = await serveAnswers(answer);
  servers.push(server);
  const job = {
    create: { path: '/jobs', body: { of: 'orders' }, id: 'job.id' },
    poll: { path: '/jobs/{job}', status: 'state', done: ['done'], total: 'total', every: '100ms' },
    files: 'files.*.url',
    cancel: { path: '/jobs/{job}' },
  };
  const orders = { primaryKey: ['id'], version: ['v'], records: 'data', schema, job, ...more };
  // Where requests are counted, two pages are in flight at the most.
  const limits = { rate: 500, per: '1s' };
  const partner = { name, baseUrl: server.url, limits, retry: { base: '50ms', cap: '500ms' }, streams: { orders } };
  await writeFile(join(partnersDir, `${name}.yaml`), JSON.stringify(partner));
  return { name, asked: server.asked };
}

const schema = {
  ...ordersSchema,
  properties: { ...ordersSchema.properties, at: { type: 'string', format: 'date-time' } },
};

const requestsOf = async (partner: string): Promise<number> => {
  const { rows } = await pool.query<{ made: string }>(
    'select sum(requests) as made from syncline.stream_runs r join syncline.streams s using (stream_id) where s.partner = $1',
    [partner],
  );
  return Number(rows[0]?.made);
};

const start = ({ client }: WorkerGround, partner: string) =>
  startSync(client, { partner, streams: [], window: WINDOW, kind: 'manual', generation: 1 });

const points: readonly (readonly [string, FailpointName, number])[] = [
  ['when the job is ordered and not noted', 'fetch.after', 1],
  ['half-way through its files', 'fetch.after', 5],
  ['while the job is noted', 'commit.middle', 1],
  ['when it was told that the job is done', 'fetch.after', 3],
  ['while a file is written', 'commit.middle', 2],
  ['before the order has left', 'permit.before', 1],
];

describe('an export job', () => {
  scenario.each(firstOf(points, 1))(
    'of a worker that dies %s is ordered once and read whole',
    async (what, failpoint, count) => {
      const ground = await groundOf(what.replaceAll(' ', '-'));
      const jobs = jobPartner({ files: 5 });
      const partner = await partnerOf(ground, jobs);
      const struck = startWorker(ground, partner, { SYNCLINE_FAILPOINT: `${failpoint}:${count}` });
      await struck.ready;
      const { handle } = await start(ground, partner);
      await struck.ended;
      const heir = startWorker(ground, partner);
      const report = await reportOfSync(handle);
      await heir.stop();

      expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 20, inserted: 20 } });
      expect(jobs.jobs.size).toBe(1);
      // New addresses for those that the dead worker had, and the files in flight again.
      expect(jobs.counts['create']).toBeLessThanOrEqual(2);
      expect(jobs.counts['file']).toBeLessThanOrEqual(5 + 2);
      const { rows } = await pool.query<{ events: string; made: string }>(
        `select (select count(*) from syncline.events where stream_id = s.stream_id) as events,
            (select sum(requests) from syncline.stream_runs where stream_id = s.stream_id) as made
          from syncline.streams s where partner = $1`,
        [partner],
      );
      expect(rows[0]?.events).toBe('20');
    },
  );

  scenario('is ended at the partner when its run is cancelled', async () => {
    const ground = await groundOf('cancelled');
    const jobs = jobPartner({ polls: 1000 });
    const { name: partner, asked } = await askedPartner(ground, jobs);
    const worker = startWorker(ground, partner);
    await worker.ready;
    const { handle } = await start(ground, partner);
    expect(await eventually(() => (jobs.counts['poll'] ?? 0) > 0)).toBe(true);
    const waits = async (): Promise<boolean> => {
      const { rows } = await pool.query<{ cause: string | null }>(
        'select deferred_cause as cause from syncline.stream_runs where sync_id like $1',
        [`sync/${partner}/%`],
      );
      return rows[0]?.cause?.includes('export job job-1 is running') === true;
    };
    expect(await eventually(waits)).toBe(true);
    await handle.cancel();
    expect(await reportOfSync(handle)).toHaveProperty('failure');
    await worker.stop();
    expect([...jobs.jobs.values()]).toEqual([expect.objectContaining({ cancelled: true })]);
    expect(await requestsOf(partner)).toBe(asked.length);
  });

  scenario.each([[long ? 4 : 2]] as const)(
    'of each slice is ordered once by %s workers, all but one of which die',
    async (count) => {
      const ground = await groundOf('sliced');
      const jobs = jobPartner({ files: 2, polls: 2 });
      const { name: partner } = await askedPartner(ground, jobs, {
        incremental: { field: 'at', initial: '2026-11-20T00:00:00Z' },
        slice: '1d',
        concurrency: 3,
        job: {
          create: { path: '/jobs', body: { from: '{start:date}', to: '{end:date}' }, id: 'job.id' },
          poll: { path: '/jobs/{job}', status: 'state', done: ['done'], every: '100ms' },
          files: 'files.*.url',
        },
      });
      const workers = Array.from({ length: count - 1 }, (_, n) =>
        startWorker(ground, partner, { SYNCLINE_FAILPOINT: `fetch.after:${3 * n + 3}` }),
      );
      const last = startWorker(ground, partner);
      await Promise.all([...workers, last].map(({ ready }) => ready));
      const report = await reportOfSync((await start(ground, partner)).handle);
      await Promise.all([...workers, last].map((worker) => worker.stop()));
      expect(report).toMatchObject({ outcome: 'ok' });
      // Five days, whoever ordered them.
      expect([...jobs.jobs.values()].map(({ body }) => (body as { from: string }).from).toSorted()).toEqual(
        ['20', '21', '22', '23', '24'].map((day) => `2026-11-${day}`),
      );
    },
  );
});
