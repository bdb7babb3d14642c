import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { createControlActivities } from '../../activities/index.ts';
import { keepJanitor } from '../../client/janitor-schedule.ts';
import { readConfig } from '../../config/config.ts';
import { noMetrics } from '../../core/metrics.ts';
import type { RunJanitor } from '../../messages/janitor.ts';
import { namesOf, plainNames } from '../../messages/names.ts';
import { leftForPeople } from '../../store/janitor/left-behind.ts';
import { listReports } from '../../store/janitor/reports.ts';
import { buildDeps, type Deps } from '../../workers/build-deps.ts';
import { createLogger } from '../../workers/logger.ts';
import { observeLeftovers } from '../../workers/observe-leftovers.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testWorkers, type TestWorkers } from '../support/test-worker.ts';

let [folder, database, temporal, namespace, workers] = [] as unknown as [
  TemporaryFolder,
  TestDatabase,
  TestTemporal,
  string,
  TestWorkers,
];
let client: Client;
let deps: Deps;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  [folder, database, temporal, namespace, workers] = await Promise.all([
    temporaryFolder(),
    freshDatabase(),
    testTemporal(),
    freshNamespace(),
    testWorkers(),
  ]);
  client = new Client({ connection: temporal.connection, namespace });
  const config = readConfig({
    DATABASE_URL: database.url,
    SYNCLINE_PARTNERS_DIR: folder.path,
    TEMPORAL_ADDRESS: temporalAddress(),
  });
  deps = buildDeps({ ...config, janitor: { ...config.janitor, folders: [folder.path] } }, createLogger('silent'));
  const activities = createControlActivities(deps.activities);
  worker = await workers.create({
    namespace,
    taskQueue: plainNames.workflowQueue,
    activities: {
      ...activities,
      // As after a worker that was killed when it had done its work, and could not say so any more.
      lookForLeftovers: async (input: Parameters<typeof activities.lookForLeftovers>[0]) => {
        await activities.lookForLeftovers(input);
        return activities.lookForLeftovers(input);
      },
      removeLeftovers: async (input: Parameters<typeof activities.removeLeftovers>[0]) => {
        await activities.removeLeftovers(input);
        return activities.removeLeftovers(input);
      },
    },
  });
  running = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await deps?.close();
  await workers?.close();
  await temporal?.close();
  await database?.drop();
  await folder?.remove();
});

const keep = (of: { readonly mode: 'off' | 'report' | 'apply'; readonly cron?: string }) =>
  keepJanitor(client, { names: plainNames, cron: '17 4 * * 1', ...of });

test('the schedule is as the last worker that started says; a pause by a person stays; a scheduled run reports', async () => {
  const handle = client.schedule.getHandle('janitor');
  const first = keep({ mode: 'report' });
  await first();
  const seen = async (): Promise<unknown> => {
    const { spec, action, state } = await handle.describe();
    const args = action.type === 'startWorkflow' ? action.args : undefined;
    return { hours: spec.calendars?.[0]?.hour, args, paused: state.paused, note: state.note };
  };
  expect(await seen()).toMatchObject({ args: [{ mode: 'report' }], paused: false });
  await handle.pause('their release');
  await keep({ mode: 'apply', cron: '0 5 * * 1' })();
  const changed = await seen();
  expect(changed).toMatchObject({ args: [{ mode: 'apply' }], paused: true, note: 'their release' });
  // The worker that started before leaves it, unless it is gone.
  await first();
  expect(await seen()).toEqual(changed);

  await deps.pool.query(`
    insert into leases values ('acme', gen_random_uuid(), now() - interval '2 days'), ('acme', gen_random_uuid(), now() - interval '3 days');
    insert into callers (caller, tier, scopes) values ('shop', 'normal', '{acme}');
    insert into caller_keys (key_id, caller, hash, created_at) values ('00000000000000aa', 'shop', decode(repeat('00', 32), 'hex'), now() - interval '200 days')`);
  await handle.trigger();
  await eventually(async () => (await listReports(deps.pool)).some(({ endedAt }) => endedAt !== null));
  const [report, ...others] = await listReports(deps.pool);
  expect(others).toEqual([]);
  expect(report).toMatchObject({
    by: 'schedule',
    mode: 'apply',
    endedAt: expect.any(String),
    troubles: [],
    findings: [
      { kind: 'expired-lease', place: 'acme', count: 2, removed: 2 },
      { kind: 'unused-key', place: 'shop 00000000000000aa', count: 1, removed: 0 },
    ],
  });
  const [started] = (await handle.describe()).info.recentActions;
  const id = started?.action.workflow.workflowId ?? '';
  expect(id).toMatch(/^janitor\/run-\d{4}-/);
  const run = client.workflow.getHandle<RunJanitor>(id);
  expect(await run.result()).toEqual({
    report: report?.report,
    kinds: [
      { kind: 'expired-lease', places: 1, count: 2, removed: 2 },
      { kind: 'unused-key', places: 1, count: 1, removed: 0 },
    ],
    troubles: [],
  });
  expect(await client.workflow.getHandle(id).query('__temporal_workflow_metadata')).toMatchObject({
    currentDetails: expect.stringMatching(/syncline janitor show 1`[^]*nobody has used for three months[^]*a person/),
  });

  expect(await leftForPeople(deps.pool)).toMatchObject([{ kind: 'unused-key', place: 'shop 00000000000000aa' }]);
  const told: unknown[] = [];
  await observeLeftovers({
    pool: deps.pool,
    metrics: {
      ...noMetrics,
      leftoversObserved: ({ reportAtMs, kinds }) =>
        void told.push(
          reportAtMs,
          [...kinds].filter(([, count]) => count > 0),
          kinds.size > 10,
        ),
    },
  })();
  expect(told).toEqual([Date.parse(report?.at ?? ''), [['unused-key', 1]], true]);
  await deps.pool.query(`update janitor_reports set at = now() - interval '40 days'`);
  expect(await leftForPeople(deps.pool)).toEqual([]);

  await keep({ mode: 'off' })();
  await expect(handle.describe()).rejects.toThrow(/not found/i);
  await keep({ mode: 'off' })();
  await first();
  expect(await seen()).toMatchObject({ args: [{ mode: 'report' }], paused: false });
  await handle.delete();
});

test('two installations in a namespace have a janitor each', () => {
  const blue = namesOf('blue');
  expect([blue.janitorScheduleId, blue.janitorRunId]).toEqual(['blue/janitor', 'blue/janitor/run']);
  expect(() => readConfig({ SYNCLINE_INSTALLATION: 'janitor' })).toThrow(/a name other than/);
  expect(() => readConfig({ SYNCLINE_JANITOR_CRON: '17 4 * *' })).toThrow(
    /SYNCLINE_JANITOR_CRON: expected five fields/,
  );
  expect(() => readConfig({ SYNCLINE_JANITOR: 'yes' })).toThrow(/SYNCLINE_JANITOR: expected one of off, report, apply/);
});
