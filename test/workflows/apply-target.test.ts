import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { tellTarget } from '../../client/tell-target.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../services/temporal-server.ts';
import type { Simulator } from '../../simulator/start.ts';
import { listTargetStates, pauseTarget, resumeTarget, type TargetLag } from '../../store/target-states.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { tellBehind } from '../../workers/tell-behind.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { openScene, startPartner, WINDOW, type Scene } from './scene.ts';

const PARTNER = 'acme';
const away = `target_${randomUUID().replaceAll('-', '')}`;
const place = (target: string) => ({ target, partner: PARTNER, stream: 'payments' });

let folder: TemporaryFolder;
let temporal: TemporalServer;
let database: TestDatabase;
let simulator: Simulator;
let scene: Scene;
beforeAll(async () => {
  folder = await temporaryFolder();
  const cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  [temporal, database, simulator] = await Promise.all([
    startTemporal({ cliPath, dbFile: join(folder.path, 'temporal.db'), uiPort: null }),
    freshDatabase(),
    startPartner(5),
  ]);
  scene = await openScene({
    temporalAddress: temporal.address,
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    partners: { [PARTNER]: { baseUrl: simulator.url } },
  });
  // Nothing listens there yet.
  await declareTargets({ away: 'postgres://127.0.0.1:1/away', shore: databaseUrl(away) });
  const file = join(scene.partnersDir, `${PARTNER}.yaml`);
  const definition = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...definition, targets: ['away', 'shore'] }));
  await inDatabase('postgres', `create database ${away}`);
});
afterAll(async () => {
  await scene?.close();
  await Promise.allSettled([simulator?.close(), temporal?.stop(), database?.drop()]);
  for (const name of [away, `${away}_2`]) await inDatabase('postgres', `drop database if exists ${name} with (force)`);
  await folder?.remove();
});

const declareTargets = (urls: Readonly<Record<string, string>>): Promise<void> =>
  writeFile(
    join(scene.partnersDir, 'targets.yaml'),
    JSON.stringify({
      targets: Object.fromEntries(
        Object.entries(urls).map(([name, url]) => [name, { type: 'postgres', url, every: '200ms' }]),
      ),
    }),
  );

async function sync(generation: number): Promise<RunReport> {
  const run = { partner: PARTNER, streams: ['payments'], window: WINDOW, kind: 'manual', generation } as const;
  const report = await reportOfSync((await startSync(scene.client, run)).handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

const lagOf = async (target: string): Promise<TargetLag> =>
  (await listTargetStates(scene.pool, { wanted: [place(target)] }))[0] as TargetLag;
const isCaughtUp = async (target: string): Promise<boolean> => {
  const { behind, lastEvent, error } = await lagOf(target);
  return behind === 0 && lastEvent > 0 && error === null;
};
const handleOf = (target: string): WorkflowHandle =>
  scene.client.workflow.getHandle(plainNames.targetId(place(target)));

async function idsIn(url: string): Promise<unknown[]> {
  const pool = openPool(url, 1);
  try {
    return (await pool.query(`select id, _event from ${PARTNER}.payments order by id`)).rows as unknown[];
  } finally {
    await pool.end();
  }
}

test('a target that is down does not stop the reading nor other targets, and catches up when it is there', async () => {
  expect(await sync(1)).toMatchObject({ outcome: 'ok' });
  expect(await eventually(() => isCaughtUp('shore'), 60_000)).toBe(true);
  expect(await eventually(async () => (await lagOf('away')).error !== null, 60_000)).toBe(true);
  expect(await lagOf('away')).toMatchObject({
    cursor: 0,
    error: expect.stringContaining('target away is not available'),
  });
  expect((await handleOf('away').describe()).status.name).toBe('RUNNING');

  await inDatabase('postgres', `create database ${away}_2`);
  await declareTargets({ away: databaseUrl(`${away}_2`), shore: databaseUrl(away) });
  expect(await eventually(() => isCaughtUp('away'), 90_000)).toBe(true);
  const stored = (await scene.pool.query(`select id, _event from ${PARTNER}.payments order by id`)).rows as unknown[];
  expect(stored.length).toBeGreaterThan(0);
  expect(await idsIn(databaseUrl(`${away}_2`))).toEqual(stored);
  expect(await idsIn(databaseUrl(away))).toEqual(stored);
});

test('what was cancelled or terminated is started again by the next commit, or by a worker that finds it behind', async () => {
  await handleOf('shore').cancel();
  await handleOf('shore')
    .result()
    .catch(() => {});
  // The partner has no news: the log grows by hand, and nobody tells.
  await scene.pool.query(
    `with s as (select stream_id, last_event from streams where partner = $1 and name = 'payments'),
        e as (insert into events (stream_id, event, page, ordinal, key, version, received_at, hash, payload)
          select stream_id, last_event + 1, page, ordinal, key, version || '~', received_at, gen_random_uuid(), payload
            from events join s using (stream_id) where event = 1)
      update streams set last_event = last_event + 1 where stream_id = (select stream_id from s)`,
    [PARTNER],
  );
  expect(await isCaughtUp('shore')).toBe(false);
  const partner = await loadPartner(PARTNER, { dir: scene.partnersDir, env: {} });
  await tellBehind(
    {
      names: plainNames,
      partnersDir: scene.partnersDir,
      partners: { streams: () => Promise.resolve(compilePartner(partner, plainNames)) },
      targets: { of: () => Promise.resolve(['shore']) },
      pool: scene.pool,
      client: scene.client,
      times: {},
    },
    'shore',
    { everything: false },
  );
  expect(await eventually(() => isCaughtUp('shore'), 60_000)).toBe(true);
  await handleOf('shore').terminate();
  expect(await sync(2)).toMatchObject({ outcome: 'ok' });
  expect(await eventually(async () => (await handleOf('shore').describe()).status.name === 'RUNNING', 30_000)).toBe(
    true,
  );
});

test('who ends a pause while a load looks at it is heard: it looks again', async () => {
  const locker = await scene.pool.connect();
  await pauseTarget(scene.pool, { target: 'shore', reason: 'a test', by: 'ann' });
  // A load cannot say that it is paused before it was told that it is not.
  await locker.query('begin; lock table target_pauses');
  const told = { names: plainNames, ...place('shore') };
  await tellTarget(scene.client, told);
  await eventually(
    async () =>
      (
        await scene.pool.query(
          'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
        )
      ).rowCount !== 0,
  );
  await tellTarget(scene.client, { ...told, signal: 'goOn' });
  await locker.query('commit');
  locker.release();
  expect(await handleOf('shore').result()).toMatchObject({ state: 'paused' });
  const { events = [] } = await handleOf('shore').fetchHistory();
  const heard =
    events?.findIndex((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'goOn') ?? 0;
  expect(events?.slice(heard).filter((event) => event.activityTaskScheduledEventAttributes != null)).toHaveLength(1);
  await resumeTarget(scene.pool, 'shore');
});
