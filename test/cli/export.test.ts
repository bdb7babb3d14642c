import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { readTargetState } from '../../store/target-states.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { eventually } from '../support/eventually.ts';
import { uniqueName } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { small, WINDOW } from '../workflows/scene.ts';
import { openSuiteScene, type SuiteScene } from '../workflows/suite-scene.ts';
import { runSyncline, type Ended } from './run-syncline.ts';

const duck = useDuckdb();
const partner = uniqueName('exported');
const lake = uniqueName('lake');
let scene: SuiteScene;
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
  const { streams } = small;
  const customers = { ...streams.customers, history: { targets: [lake] } };
  scene = await openSuiteScene(
    (baseUrl) => ({
      partners: { [partner]: { baseUrl, targets: [lake], streams: { ...streams, customers } } },
      targets: { targets: { [lake]: { type: 'duckdb', path: 'data/lake.duckdb', every: '100ms' } } },
    }),
    { latencyMs: 0 },
  );
});
afterAll(async () => {
  await scene?.close();
  await folder.remove();
});

/** In a process of its own, as a person does: the worker of this one has the file open. */
async function exported(to: string, ...of: readonly string[]): Promise<Ended & { readonly json: unknown }> {
  const ended = await runSyncline(['export', lake, ...of, '--to', join(folder.path, to), '--json'], scene.env);
  return { ...ended, json: ended.code === 0 ? JSON.parse(ended.stdout) : undefined };
}

const fileIn = (to: string, table: string): string => join(folder.path, to, partner, `${table}.parquet`);

test('a stream that there is not is no table', async () => {
  const { code, stderr } = await exported('nothing', partner, 'refunds');
  expect([code, stderr]).toEqual([
    2,
    'syncline: there is no stream "refunds": there are payments, customers, customers.history\n',
  ]);
});

test('what the worker has open is exported by it, while it goes on; without it, by the command itself', async () => {
  const { handle } = await startSync(scene.client, {
    partner,
    streams: [],
    window: WINDOW,
    kind: 'manual',
    generation: 1,
  });
  expect(await reportOfSync(handle)).toMatchObject({ outcome: 'ok' });
  for (const [stream, rows] of [
    ['payments', 500],
    ['customers', 200],
    ['customers.history', 200],
  ] as const)
    await eventually(
      async () => (await readTargetState(scene.pool, { target: lake, partner, stream }))?.cursor === rows,
    );

  const byWorker = await exported('all');
  expect(byWorker.json).toMatchObject({
    byWorker: true,
    tables: expect.arrayContaining([
      { schema: partner, table: 'payments', rows: 500, event: 500 },
      { schema: partner, table: 'customers', rows: 200, event: 200 },
      { schema: partner, table: 'customers_history', rows: 200, event: 200 },
    ]),
  });
  const file = join(folder.path, 'all', partner, 'payments.parquet');
  const [[count] = []] = await duck.query(':memory:', `select count(distinct id)::integer from '${file}'`);
  expect(count).toBe(500);
  expect(JSON.parse(await readFile(join(folder.path, 'all', 'tables.json'), 'utf8'))).toHaveLength(3);
  const again = await exported('all');
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('all exists already: export to a folder')]);

  // Who is erased is in no file of before and in none of after.
  const [[customer] = []] = await duck.query(':memory:', `select min(id) from '${fileIn('all', 'customers')}'`);
  const erase = ['erase', 'records', partner, 'customers', String(customer), '--apply', '--reason', 'asked', '--json'];
  const erased = await runSyncline(erase, scene.env);
  expect({ code: erased.code, stderr: erased.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(erased.stdout)).toMatchObject({ keys: 1, pending: [] });
  expect((await exported('after')).json).toMatchObject({ byWorker: true });
  for (const to of ['all', 'after'])
    for (const table of ['customers', 'customers_history']) {
      const counted = `select count(*)::integer, count(*) filter (where id = '${String(customer)}')::integer from '${fileIn(to, table)}'`;
      expect([to, table, await duck.query(':memory:', counted)]).toEqual([to, table, [[199, 0]]]);
    }

  await scene.stopWorkers();
  expect((await exported('one', partner, 'customers')).json).toMatchObject({
    byWorker: false,
    tables: [{ table: 'customers', rows: 199 }],
  });
  expect((await exported('versions', partner, 'customers.history')).json).toMatchObject({
    byWorker: false,
    tables: [{ table: 'customers_history', rows: 199 }],
  });
  const versions = join(folder.path, 'versions', partner, 'customers_history.parquet');
  expect(await duck.query(':memory:', `select count(*)::integer from '${versions}' where is_current`)).toEqual([[199]]);
});
