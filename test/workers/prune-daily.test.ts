import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { readConfig } from '../../config/config.ts';
import { plainNames } from '../../messages/names.ts';
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
  const keep = { log: { versionsPerKey: 3 } };
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
