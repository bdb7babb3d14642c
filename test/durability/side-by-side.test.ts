import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { randomOf } from '../../simulator/random.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { ownNamespace, startWorker, type Ground } from './durable-bench.ts';

const CUSTOMERS = long ? 120 : 60;
const PAYMENTS = CUSTOMERS * 25;
const KILLS = long ? 30 : 2;
const WIDTH = 8;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({ seed: 3, customers: CUSTOMERS, payments: PAYMENTS, latencyMs: 40 });
  const { namespace, client } = await ownNamespace(temporal.connection);
  ground = { databaseUrl: database.url, partnersDir: folder.path, simulator, namespace, client };
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close()]);
  await database.drop();
  await folder.remove();
});

const define = (name: string): Promise<void> =>
  writeFile(
    join(folder.path, `${name}.yaml`),
    `name: ${name}
baseUrl: ${simulator.url}
grant: { requests: 20, time: 10s }
limits: { rate: 500, per: 1s, burst: 50 }
retry: { base: 50ms, cap: 500ms }
streams:
  customers:
    path: /v1/customers
    records: data
    primaryKey: [id]
    pagination: { type: offset, limit: 100, limitAs: limit }
    schema: { type: object, required: [id], properties: { id: { type: string } } }
  payments:
    path: /v1/customers/{customer}/payments
    query: { limit: 20 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    concurrency: ${WIDTH}
    parent: { stream: customers, field: id, as: customer }
    pagination: { type: token, token: next_cursor, as: cursor, hasMore: has_more }
    schema:
      type: object
      required: [id, updated_at, sequence]
      properties:
        id: { type: string }
        customer_id: { type: string }
        amount_minor: { type: integer }
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
`,
  );

async function run(partner: string, stream: string): Promise<RunReport> {
  const window = stream === 'customers' ? '2026-11-23' : '2026-11-24';
  const { handle } = await startSync(ground.client, {
    partner,
    streams: [stream],
    window,
    kind: 'manual',
    generation: 1,
  });
  const report = await reportOfSync(handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

/** What must not depend on the order in which the answers came. */
async function traceOf(partner: string): Promise<Record<string, unknown>> {
  const pool = new Pool({ connectionString: database.url, options: '-c search_path=syncline', max: 1 });
  const own = '(select stream_id from streams where partner = $1 and name = $2)';
  try {
    const { rows } = await pool.query<Record<string, unknown>>(
      `select
        (select count(*) || ' ' || md5(string_agg((to_jsonb(t) - '{_loaded_at,_event,_page}'::text[])::text, E'\\n' order by id)) from "${partner}".payments t) as rows,
        (select md5(string_agg(concat_ws('|', key, version, hash, payload), E'\\n' order by key, version, hash)) from events where stream_id = ${own}) as events,
        (select count(*) = max(event) and min(event) = 1 from events where stream_id = ${own}) as numbers_without_gaps,
        (select md5(string_agg(concat_ws('|', parents, cursor_in, cursor_out, fetched), E'\\n' order by parents, cursor_in nulls first)) from pages where stream_id = ${own}) as pages,
        (select count(*) = max(page_no) and count(distinct page_no) = count(*) from pages where stream_id = ${own}) as one_line_of_pages`,
      [partner, 'payments'],
    );
    return rows[0] ?? {};
  } finally {
    await pool.end();
  }
}

test(`parents that are read side by side, by workers that are killed (${KILLS} times), end as if nobody were`, async () => {
  const [calm, storm] = [uniqueName('calm'), uniqueName('storm')];
  await Promise.all([define(calm), define(storm)]);
  const quiet = startWorker(ground, calm);
  await quiet.ready;
  await run(calm, 'customers');
  const beforeCalm = simulator.requests().length;
  expect(await run(calm, 'payments')).toMatchObject({ outcome: 'ok', counts: { inserted: PAYMENTS } });
  const pages = simulator.requests().length - beforeCalm;

  const chance = randomOf(17);
  const workers: WorkerProcess[] = [quiet, startWorker(ground, storm)];
  await Promise.all(workers.map((worker) => worker.ready));
  await run(storm, 'customers');
  const before = simulator.requests().length;
  const asked = (): number => simulator.requests().length - before;
  const ended = { value: false };
  const running = run(storm, 'payments').finally(() => (ended.value = true));
  let kills = 0;
  let next = 10;
  while (!ended.value) {
    await sleep(5);
    if (kills === KILLS || asked() < next) continue;
    await sleep(chance() * 60);
    const victim = workers.toSorted((a, b) => b.lastAnswerAt() - a.lastAnswerAt())[0] as WorkerProcess;
    await victim.kill();
    kills += 1;
    workers.splice(workers.indexOf(victim), 1, startWorker(ground, storm));
    next = asked() + 5 + Math.floor(chance() * (pages / KILLS / 2));
  }
  expect(await running).toMatchObject({ outcome: 'ok', counts: { fetched: PAYMENTS, inserted: PAYMENTS } });
  await Promise.all(workers.map((worker) => worker.kill()));
  expect(kills).toBe(KILLS);
  const trace = await traceOf(storm);
  expect(trace).toEqual(await traceOf(calm));
  expect(trace).toMatchObject({ numbers_without_gaps: true, one_line_of_pages: true });
  // One page of each partition that is open, and as many that wait for their transaction.
  expect(asked() - pages).toBeLessThanOrEqual(2 * WIDTH * kills);
}, 300_000);
