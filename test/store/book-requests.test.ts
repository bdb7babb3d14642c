import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StagedPage } from '../../core/staged.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { aStream, order, runOf, type Run } from '../landing/run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** As `runOf` commits. */
const writer = { workflowRunId: 'run', attempt: 1 };

const unsureOf = ({ pageKey, fetchedAt }: StagedPage, requests: number) => [{ pageKey, fetchedAt, requests }] as const;

const requestsOf = async ({ opened }: Run): Promise<number | undefined> =>
  (await warehouse.streamReport(opened.run.syncId))?.requests;

async function locksWaitedFor(count: number): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length === count) return;
  }
}

test('requests that led to no page are added to the run, also when it has failed', async () => {
  const stream = aStream();
  const run = await runOf(warehouse, stream);
  await run.commit(run.page([order('a', 1)]));
  await warehouse.bookRequests(run.opened.run, { requests: 3, unsure: [], writer });
  expect(await requestsOf(run)).toBe(4);
  await warehouse.failStream({ syncId: run.opened.run.syncId, stream: stream.name, reason: 'gone' });
  await warehouse.bookRequests(run.opened.run, { requests: 2, unsure: [], writer });
  expect(await requestsOf(run)).toBe(6);
});

test('a commit that came through has counted its requests; one that did not has not', async () => {
  const run = await runOf(warehouse, aStream());
  const [first, second] = [run.page([order('a', 1)]), run.page([order('b', 1)])];
  await run.commit(first);
  expect(await requestsOf(run)).toBe(1);
  await warehouse.bookRequests(run.opened.run, { requests: 0, unsure: unsureOf(first, 1), writer });
  expect(await requestsOf(run)).toBe(1);
  await warehouse.bookRequests(run.opened.run, { requests: 1, unsure: unsureOf(second, 5), writer });
  expect(await requestsOf(run)).toBe(7);
});

test.each<[string, Partial<StagedPage>, typeof writer]>([
  ['attempt', {}, { workflowRunId: 'run', attempt: 2 }],
  ['workflow', {}, { workflowRunId: 'other', attempt: 1 }],
  ['answer', { fetchedAt: '2026-11-25T00:00:00.001Z' }, writer],
])('a page that another %s brought into the ledger has not counted the requests of this one', async (_, page, by) => {
  const run = await runOf(warehouse, aStream());
  const first = run.page([order('a', 1)]);
  await run.commit(first);
  await warehouse.bookRequests(run.opened.run, { requests: 0, unsure: unsureOf({ ...first, ...page }, 2), writer: by });
  expect(await requestsOf(run)).toBe(3);
});

test('a commit that is still under way is waited for', async () => {
  const run = await runOf(warehouse, aStream());
  const page = run.page([order('a', 1)]);
  const underWay = await pool.connect();
  await underWay.query('begin');
  await underWay.query('select 1 from streams where stream_id = $1 for update', [run.opened.run.streamId]);
  const commit = run.commit(page);
  await locksWaitedFor(1);
  const booking = warehouse.bookRequests(run.opened.run, { requests: 0, unsure: unsureOf(page, 1), writer });
  await locksWaitedFor(2);
  await underWay.query('commit');
  underWay.release();
  await Promise.all([commit, booking]);
  expect(await requestsOf(run)).toBe(1);
});
