import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { approvalsDecide, approvalsList, approvalsShow } from '../../cli/commands/approvals.ts';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { said, type Said } from '../support/said.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runSyncline } from './run-syncline.ts';

let listed = 0;
let version = 1;
let asked: (() => Promise<unknown>) | undefined;
let partner: Awaited<ReturnType<typeof serveAnswers>>;
let database: TestDatabase;
let folder: TemporaryFolder;
let workers: RunningWorkers;
let connection: Connection;
let client: Client;
let pool: Pool;
let env: Record<string, string>;
let config: Config;

const ids = (n: number): unknown[] => Array.from({ length: n }, (_, i) => ({ id: `k${i}`, v: version }));

beforeAll(async () => {
  const [server, fresh, files, namespace] = await Promise.all([
    serveAnswers(async () => {
      await asked?.();
      return { body: { data: ids(listed) } };
    }),
    freshDatabase(),
    temporaryFolder(),
    freshNamespace(),
  ]);
  [partner, database, folder] = [server, fresh, files];
  const schema = { type: 'object', properties: { id: { type: 'string' }, v: { type: 'integer' } } };
  const deletes = { sweep: true, hold: { count: 1, share: 0.1 } };
  const notes = { path: '/notes', records: 'data', primaryKey: ['id'], version: ['v'], schema, deletes };
  await writeFile(
    join(folder.path, 'acme.yaml'),
    JSON.stringify({ name: 'acme', baseUrl: partner.url, streams: { notes } }),
  );
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  };
  config = readConfig({ ...process.env, ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] });
  workers = await startWorkers({
    config,
    log: createLogger('silent'),
    roles: [],
  });
  connection = await Connection.connect({ address: temporalAddress() });
  client = new Client({ connection, namespace });
  pool = new Pool({ connectionString: database.url });
});
afterAll(async () => {
  await workers?.stop();
  await connection?.close();
  await pool?.end();
  await database?.drop();
  partner?.close();
  await folder?.remove();
});

/** Commands in this process: to start one takes as long as all that it does. */
const list = async (all = false): Promise<Said> =>
  said(config, { all }, (context) => approvalsList({ ...context, partner: undefined }));
const show = (id: string): Promise<Said> => said(config, {}, (context) => approvalsShow({ ...context, id }));
const decide = (answer: 'approve' | 'reject', id: string, reason: string): Promise<Said> =>
  said(config, { reason }, (context) => approvalsDecide({ ...context, id, answer }));
const waiting = async (): Promise<{ readonly id: number }[]> => (await list()).json as { id: number }[];
const sync = (window: string): ReturnType<typeof startSync> =>
  startSync(client, { partner: 'acme', streams: [], window, kind: 'manual', generation: 1 });
const rows = async (): Promise<number> =>
  Number((await pool.query<{ n: string }>('select count(*) as n from acme.notes')).rows[0]?.n);
const streamRun = (day: string) => client.workflow.getHandle(`sync/acme/notes/${day}`);

/** A run of a day, once it waits for approval. */
async function held(day: string): Promise<string> {
  await sync(day);
  expect(await eventually(async () => (await waiting()).length === 1)).toBe(true);
  return String((await waiting())[0]?.id);
}

test('a sweep of too many rows waits for a person, legible everywhere, and goes on with the answer', async () => {
  listed = 10;
  expect(await reportOfSync((await sync('2026-11-01')).handle)).toMatchObject({ outcome: 'ok' });
  listed = 6;
  const id = await held('2026-11-02');
  expect((await list()).text).toMatch(/acme\.notes +sweep +4 of 10 +waiting/);
  expect((await show(id)).text).toContain(
    'acme.notes: 4 of 10 rows would be deleted: the complete listing did not have them\n  for example k6; k7; k8; k9\n',
  );
  const outcome = async (day: string): Promise<unknown> =>
    (await streamRun(day).describe()).searchAttributes['SyncOutcome']?.[0];
  expect(await eventually(async () => (await outcome('2026-11-02')) === 'deferred')).toBe(true);
  const shown = await said(config, {}, (context) => runsShow({ ...context, id: 'sync/acme/2026-11-02' }));
  expect(shown.text).toContain('4 of 10 rows would be deleted: the complete listing did not have them');
  expect(shown.text).toContain('syncline approvals list acme');
  const { rows: fresh } = await pool.query('select state, held, reasons from syncline.freshness');
  expect(fresh).toEqual([{ state: 'reconciling', held: '1', reasons: ['a run is under way', '1 held for approval'] }]);
  // It is at work on nothing.
  const { workflowExecutionInfo, pendingActivities } = (await streamRun('2026-11-02').describe()).raw;
  expect([workflowExecutionInfo?.status, pendingActivities ?? []]).toEqual([1, []]);
  expect(await rows()).toBe(10);

  await expect(decide('approve', id, ' ')).rejects.toThrow('--reason');
  const { code, stdout } = await runSyncline(['approvals', 'approve', id, '--reason', 'they closed a shop'], env);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Asked to go on now: sync/acme/notes/2026-11-02')]);
  expect(await streamRun('2026-11-02').result()).toMatchObject({ outcome: 'ok', removed: 4 });
  expect(await rows()).toBe(6);
  expect(await outcome('2026-11-02')).toBe('ok');
  expect((await list()).text).toContain('Nothing waits for approval.');
  expect((await list(true)).text).toContain('they closed a shop');
  await expect(decide('reject', id, 'no')).rejects.toThrow(/approval \d+ was approved by/);
});

test('one that is rejected leaves all rows, and a run that is not ok', async () => {
  listed = 4;
  const id = await held('2026-11-03');
  expect((await decide('reject', id, 'half a listing')).text).toContain('rejected: acme.notes');
  expect(await streamRun('2026-11-03').result()).toMatchObject({
    outcome: 'suspect',
    removed: 0,
    reason: expect.stringMatching(/^2 rows were not deleted.*rejected by .*: half a listing$/),
  });
  expect(await rows()).toBe(6);
});

test('one that another run has changed the facts of is refused, and put anew', async () => {
  const id = await held('2026-11-04');
  await sync('2026-11-05');
  const other = async (): Promise<string | undefined> =>
    (await waiting()).map((one) => String(one.id)).find((one) => one !== id);
  expect(await eventually(async () => (await other()) !== undefined)).toBe(true);
  const next = (await other()) as string;
  await expect(decide('approve', id, 'seen')).rejects.toThrow(`was changed since approval ${id} was asked for`);
  expect(await streamRun('2026-11-04').result()).toMatchObject({ outcome: 'suspect', removed: 0 });
  await decide('approve', next, 'seen');
  expect(await streamRun('2026-11-05').result()).toMatchObject({ outcome: 'ok', removed: 2 });
  expect(await rows()).toBe(4);
});

test('an answer that comes before the run has begun to wait for it is heard', async () => {
  listed = 2;
  const locker = await pool.connect();
  // Its grant has begun, and cannot end before it is answered.
  asked = () => locker.query('begin; lock table syncline.grants in exclusive mode');
  const id = await held('2026-11-06');
  asked = undefined;
  await decide('approve', id, 'at once');
  await locker.query('commit');
  locker.release();
  expect(await streamRun('2026-11-06').result()).toMatchObject({ outcome: 'ok', removed: 2 });
  expect(await rows()).toBe(2);
});

test('nobody is told that a run goes on which is not there any more', async () => {
  [listed, version] = [10, 2];
  expect(await reportOfSync((await sync('2026-11-07')).handle)).toMatchObject({ outcome: 'ok' });
  listed = 6;
  const id = await held('2026-11-08');
  await eventually(async () => (await streamRun('2026-11-08').describe()).status.name === 'RUNNING');
  await client.workflow.getHandle('sync/acme/2026-11-08').terminate();
  await streamRun('2026-11-08').terminate();
  const decided = await decide('approve', id, 'before it was started again');
  expect(decided).toMatchObject({ code: 0, json: { woken: false, trouble: null } });
  expect(decided.text).toContain('sync/acme/notes/2026-11-08 does not run now: it goes on with this answer when');
  expect(await reportOfSync((await sync('2026-11-08')).handle)).toMatchObject({ outcome: 'ok' });
  expect(await rows()).toBe(6);
});
