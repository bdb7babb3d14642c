import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { readConfig } from '../../config/config.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { plainNames } from '../../messages/names.ts';
import type { Pool } from 'pg';
import { prune } from '../../cli/commands/prune.ts';
import { said } from '../support/said.ts';
import { readReconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { buildDeps, type Deps } from '../../workers/build-deps.ts';
import { createLogger } from '../../workers/logger.ts';
import { pruneDaily } from '../../workers/prune-daily.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';

let folder: TemporaryFolder;
let database: TestDatabase;
let temporal: TestTemporal;
let client: Client;
let workers: RunningWorkers;
let deps: Deps;
beforeAll(async () => {
  let namespace: string;
  [folder, database, temporal, namespace] = await Promise.all([
    temporaryFolder(),
    freshDatabase(),
    testTemporal(),
    freshNamespace(),
  ]);
  client = new Client({ connection: temporal.connection, namespace });
  const stream = { path: '/x', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } };
  const keep = { log: { versionsPerKey: 3 }, settled: '30d' };
  for (const [name, definition] of Object.entries({
    keeps: { streams: { all: stream, some: { ...stream, keep } } },
    whole: { streams: { all: stream, long: { ...stream, keep: { findings: '200d' } } } },
    broken: { streams: { all: { ...stream, keep, path: 7 } } },
  }))
    await writeFile(
      join(folder.path, `${name}.yaml`),
      JSON.stringify({ name, baseUrl: 'http://127.0.0.1:9', ...definition }),
    );
  const config = readConfig({
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'],
  });
  deps = buildDeps(config, createLogger('silent'));
  workers = await startWorkers({ config, log: createLogger('silent'), roles: ['workflows'] });
});
afterAll(async () => {
  await workers?.stop();
  await deps?.close();
  await temporal?.close();
  await database?.drop();
  await folder?.remove();
});

const handle = (partner: string, day: string): WorkflowHandle =>
  client.workflow.getHandle(plainNames.pruneId({ partner, day }));

test('what need not be kept is removed once a day, of each partner that says so, whoever looks', async () => {
  let now = Date.parse('2026-03-01T23:59:00Z');
  // Findings of each stream, of 100 days ago.
  await deps.pool.query(
    `with s as (insert into streams (partner, name, target_schema, target_table, disposition, definition_version)
        select p, n, p, n, 'merge', 'v' from (values ('keeps', 'all'), ('whole', 'all'), ('whole', 'long'), ('broken', 'all')) as v(p, n) returning *),
      c as (insert into reconciliations (reconciliation, stream_id, level, definition_version, state, verdict, finished_at)
        select format('reconcile/%s/%s/old', partner, name), stream_id, 'content', 'v', 'done', 'differs', now() - interval '100 days' from s returning reconciliation)
      insert into reconcile_findings (reconciliation, key_hash, key, kind, state) select reconciliation, gen_random_uuid(), 'k', 'missing', 'open' from c`,
  );
  const look = (): Promise<void> =>
    pruneDaily({ ...deps.activities, pool: deps.pool, partnersDir: folder.path, client, now: () => now })();
  await look();
  expect(await handle('keeps', '2026-03-01').result()).toMatchObject([{ stream: 'some', lines: 0, pages: 0 }]);
  const { runId } = await handle('keeps', '2026-03-01').describe();
  // Another process, on the same day.
  await look();
  expect((await handle('keeps', '2026-03-01').describe()).runId).toBe(runId);
  now += 120_000;
  await look();
  expect(await handle('keeps', '2026-03-02').result()).toHaveLength(1);
  for (const partner of ['whole', 'broken'])
    await expect(handle(partner, '2026-03-01').describe()).rejects.toThrow('not found');
  const { rows } = await deps.pool.query('select reconciliation from reconcile_findings order by 1');
  // One that is not kept for long is gone; of a definition that does not hold nobody knows what it says.
  expect(rows.map(({ reconciliation }) => reconciliation)).toEqual([
    'reconcile/broken/all/old',
    'reconcile/whole/long/old',
  ]);
  expect(await readReconciliation(deps.pool, 'reconcile/keeps/all/old')).toMatchObject({
    findings: [{ kind: 'missing', state: 'open', count: 1 }],
    findingsRemovedAt: expect.stringMatching(/^\d{4}-/),
  });
});

/** Something old of every kind, of two streams, of which one says how long its log is kept. */
async function seed(pool: Pool): Promise<void> {
  await pool.query(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version)
      select 'keeps', n, 'keeps', n, 'merge', 'v' from unnest('{all,some}'::text[]) as n`,
  );
  await pool.query(`select add_event_partition(stream_id) from streams`);
  await pool.query(
    `with c as (insert into reconciliations (reconciliation, stream_id, level, definition_version, state, verdict, finished_at)
        select format('reconcile/keeps/%s/%s', name, days), stream_id, 'content', 'v', 'done', 'differs', now() - days * interval '1 day'
          from streams, unnest('{1,100}'::integer[]) as days returning reconciliation)
      insert into reconcile_findings (reconciliation, key_hash, key, kind, state) select reconciliation, gen_random_uuid(), 'k', 'missing', 'open' from c`,
  );
  await pool.query(
    `with c as (insert into reconciliations (reconciliation, stream_id, level, definition_version, state, finished_at)
        select format('reconcile/keeps/%s/failed%s', name, days), stream_id, 'content', 'v', 'failed', now() - days * interval '1 day'
          from streams, unnest('{1,10}'::integer[]) as days returning reconciliation)
      insert into reconcile_asked (reconciliation, look, key_hash, key) select reconciliation, 1, gen_random_uuid(), 'k' from c`,
  );
  await pool.query(
    `with c as (insert into target_comparisons (run_id, target, stream_id, table_name, state, verdict, started_at)
        select format('%s %s', name, days), 'lake', stream_id, name, 'done', 'differs', now() - days * interval '1 day'
          from streams, unnest('{120,110,100}'::integer[]) as days order by 1, days desc returning comparison)
      insert into target_findings (comparison, place, key, kind) select comparison, 1, 'k', 'missing' from c`,
  );
  await pool.query(
    `insert into quarantine (stream_id, page, ordinal, path, reason, hash, definition_version, status, quarantined_at, settled_at)
      select stream_id, 1, days, 'text', 'bad', gen_random_uuid(), 'v', 'replayed', now() - days * interval '1 day', now() - days * interval '1 day'
        from streams, unnest('{1,100}'::integer[]) as days`,
  );
}

const mayDay = (): number => Date.parse('2026-05-01T12:00:00Z');

/** How many rows each table has. */
async function counted(pool: Pool): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const found = await pool.query<{ count: number }>(`select count(*)::integer as count from ${name}`);
    counts[name] = found.rows[0]?.count as number;
  }
  return counts;
}

test('by hand the same kinds go as once a day', async () => {
  const [daily, manual] = [deps.pool, await freshDatabase()];
  const dir = join(folder.path, 'two');
  await mkdir(dir);
  await copyFile(join(folder.path, 'keeps.yaml'), join(dir, 'keeps.yaml'));
  await daily.query('truncate streams cascade');
  const own = openPool(manual.url);
  for (const pool of [daily, own]) await seed(pool);
  const before = await counted(own);
  expect(await counted(daily)).toEqual(before);

  const config = readConfig({ DATABASE_URL: manual.url, SYNCLINE_PARTNERS_DIR: dir, SYNCLINE_HOME: dir });
  const byHand = (options: object) =>
    said(config, options, (context) => prune({ ...context, partner: undefined, stream: undefined }));
  const went = [
    { stream: 'some', entries: 1, findings: 1, comparisons: 3, gathered: 1 },
    { stream: 'all', entries: 0, findings: 1, comparisons: 3, gathered: 1 },
  ];
  expect((await byHand({ dryRun: true })).json).toMatchObject(went);
  expect(await counted(own)).toEqual(before);
  expect((await byHand({})).json).toMatchObject(went);
  expect((await byHand({})).json).toMatchObject([{ entries: 0, findings: 0, comparisons: 0, gathered: 0 }]);

  await pruneDaily({ ...deps.activities, pool: daily, partnersDir: dir, client, now: mayDay })();
  await handle('keeps', '2026-05-01').result();
  const after = await counted(own);
  expect(await counted(daily)).toEqual(after);
  expect(after).toMatchObject({
    reconcile_findings: 2,
    reconcile_asked: 2,
    target_comparisons: 2,
    target_findings: 0,
    quarantine: 3,
  });
  await own.end();
  await manual.drop();
});
