import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { createControlActivities } from '../../activities/index.ts';
import { catalog, ruleNames, type RuleName } from '../../alerts/catalog.ts';
import type { AlertMessage } from '../../alerts/message.ts';
import { startAlerts } from '../../client/start-alerts.ts';
import { applyChange, pauseSchedule, resumeSchedule } from '../../client/schedules.ts';
import { readConfig } from '../../config/config.ts';
import { HOUR, MINUTE } from '../../core/duration.ts';
import { declaredCompares, declaredSchedules } from '../../definitions/declared-schedules.ts';
import { loadPartner } from '../../definitions/load.ts';
import { loadCompares } from '../../definitions/load-compares.ts';
import { plainNames } from '../../messages/names.ts';
import { listAlerts } from '../../store/alerts/alerts.ts';
import { pendingDeliveries } from '../../store/alerts/deliveries.ts';
import { buildDeps, type Deps } from '../../workers/build-deps.ts';
import { createLogger } from '../../workers/logger.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testWorkers, type TestWorkers } from '../support/test-worker.ts';
import { addNights, faults, writeDefinitions } from './faults.ts';
import { httpSink, mailSink, type HttpSink, type MailSink } from './sinks.ts';

let [folder, database, temporal, namespace, workers, sink, dead, mails] = [] as unknown as [
  TemporaryFolder,
  TestDatabase,
  TestTemporal,
  string,
  TestWorkers,
  HttpSink,
  HttpSink,
  MailSink,
];
let client: Client;
let deps: Deps;
/** What the clock of the looks is ahead of that of the machine: what has to hold for a day is there at once. */
let ahead = 0;
const running: { readonly worker: Worker; readonly run: Promise<void> }[] = [];

async function work(options: Parameters<TestWorkers['create']>[0]): Promise<void> {
  const worker = await workers.create({ namespace, ...options });
  running.push({ worker, run: worker.run() });
}

beforeAll(async () => {
  [folder, database, temporal, namespace, workers, sink, dead, mails] = await Promise.all([
    temporaryFolder(),
    freshDatabase(),
    testTemporal(),
    freshNamespace(),
    testWorkers(),
    httpSink(),
    httpSink(),
    mailSink(),
  ]);
  client = new Client({ connection: temporal.connection, namespace });
  const config = readConfig({
    DATABASE_URL: database.url,
    SYNCLINE_PARTNERS_DIR: folder.path,
    TEMPORAL_ADDRESS: temporalAddress(),
  });
  deps = buildDeps(config, createLogger('silent'));
  const world = { pool: deps.pool, dir: folder.path };
  await writeDefinitions(world);
  await addNights(world);
  await writeFile(
    join(folder.path, 'alerts.yaml'),
    JSON.stringify({
      runbooks: 'https://wiki.example/alerts',
      channels: {
        all: { type: 'webhook', url: `${sink.url}/all` },
        team: { type: 'slack', url: `${sink.url}/team` },
        duty: { type: 'pagerduty', routingKey: 'key', url: `${sink.url}/duty` },
        mail: { type: 'email', smtp: mails.url, from: 'syncline@example.com', to: ['ann@example.com'] },
        gone: { type: 'webhook', url: `${dead.url}/canary-4711` },
      },
      routes: [
        { match: { severity: 'page' }, to: ['mail', 'duty'], wait: '0s', groupBy: [], continue: true },
        { match: { rule: 'rows-*' }, to: ['gone'], wait: '0s', continue: true },
        { to: ['all', 'team'], wait: '0s', groupBy: [], repeat: '30d' },
      ],
      heartbeat: { url: `${sink.url}/beat`, every: '1s' },
    }),
  );
  dead.status = 500;
  const { alerts } = deps.activities;
  await work({
    taskQueue: plainNames.workflowQueue,
    activities: createControlActivities({
      ...deps.activities,
      ...(alerts === undefined ? {} : { alerts: { ...alerts, now: () => Date.now() + ahead } }),
    }),
  });
});
afterAll(async () => {
  await client?.workflow
    .getHandle(plainNames.alertsId)
    .terminate()
    .catch(() => {});
  for (const { worker } of running) worker.shutdown();
  await Promise.all(running.map(({ run }) => run));
  await deps?.close();
  await Promise.all([sink?.close(), dead?.close(), mails?.close()]);
  await workers?.close();
  await temporal?.close();
  await database?.drop();
  await folder?.remove();
});

const messages = (): readonly AlertMessage[] =>
  sink.received.filter(({ path }) => path === '/all').map(({ text }) => JSON.parse(text) as AlertMessage);
const told = (of: 'open' | 'resolved'): ReadonlySet<string> =>
  new Set(messages().flatMap((message) => message[of].map(({ rule }) => rule)));
const missingIn = (of: 'open' | 'resolved', rules: readonly string[]): readonly string[] => {
  const known = told(of);
  return rules.filter((rule) => !known.has(rule));
};
const mailed = (): string => mails.mails.map(({ text }) => text.replaceAll(/=\r\n/g, '')).join('\n');
const nightly = { partner: 'acme', name: 'nightly' };

const declared = async () => [
  ...declaredSchedules(plainNames, await loadPartner('acme', { dir: folder.path, env: {} })),
  ...declaredCompares(plainNames, await loadCompares({ dir: folder.path, env: {} })),
];

test('a calm installation has no alert, and tells that it looks', async () => {
  for (const { id, ...to } of (await declared()).filter(({ name }) => name !== 'weekly'))
    await applyChange(client, plainNames, { kind: 'create', id, to });
  await pauseSchedule(client, plainNames, nightly, 'their release');
  await startAlerts(client, { names: plainNames, everyMs: 200 });
  await startAlerts(client, { names: plainNames, everyMs: 200 });
  expect(await eventually(() => sink.received.filter(({ path }) => path === '/beat').length >= 2)).toBe(true);
  expect(sink.received.filter(({ path }) => path !== '/beat')).toEqual([]);
  expect(await listAlerts(deps.pool)).toEqual([]);
});

const live: readonly RuleName[] = [
  'workers-missing',
  'schedule-absent',
  'schedule-paused',
  'schedule-missed',
  'reconcile-late',
  'compare-late',
];
const injected = [...Object.keys(faults), ...live];

test('each fault is heard, by HTTP and by e-mail', async () => {
  const world = { pool: deps.pool, dir: folder.path };
  for (const fault of Object.values(faults)) await fault.inject(world);
  // Temporal counts times without a run since the schedule was made; here it says one more than before.
  await deps.pool.query(
    `update alert_observations set seen = replace(seen::text, '"missed": {"total": 0', '"missed": {"total": -1')::jsonb where name = 'schedules'`,
  );
  ahead = 26 * HOUR;
  expect(
    await eventually(
      async () => (await deps.pool.query(`select from alerts where rule = 'definition-broken'`)).rowCount === 1,
    ),
  ).toBe(true);
  ahead += 11 * MINUTE;
  await eventually(() => missingIn('open', injected).length === 0);
  expect(missingIn('open', injected)).toEqual([]);
  expect(injected.toSorted()).toEqual(ruleNames.filter((rule) => rule !== 'channel-dead').toSorted());

  const pages = injected.filter((rule) => catalog[rule as RuleName].severity === 'page');
  await eventually(() => pages.every((rule) => mailed().includes(`wiki.example/alerts#${rule}`)));
  expect(pages.filter((rule) => !mailed().includes(`wiki.example/alerts#${rule}`))).toEqual([]);
  expect(mailed()).toMatch(/^Subject: \[PAGE\] /m);
  expect(mailed()).toContain('the last run of acme.failed ended failed: answered 500 eight times');
  expect(mailed()).toMatch(/syncline alerts silence \d+ --for 2h --reason/);
  const events = sink.received
    .filter(({ path }) => path === '/duty')
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  expect(events).toContainEqual(
    expect.objectContaining({
      routing_key: 'key',
      event_action: 'trigger',
      dedup_key: expect.stringMatching(/^syncline\/run-failed\/acme\/failed\/\/\d+$/),
      payload: expect.objectContaining({
        severity: 'critical',
        class: 'run-failed',
        group: 'acme',
        component: 'failed',
      }),
      links: [{ href: 'https://wiki.example/alerts#run-failed', text: 'Runbook' }],
    }),
  );
  const slack = sink.received
    .filter(({ path }) => path === '/team')
    .map(({ text }) => text)
    .join('');
  expect(slack).toContain('*What:* the last run of acme.failed ended failed');
});

test('a channel that is dead is tried again, and said by the others', async () => {
  await eventually(() => dead.received.length > 0);
  const [delivery] = (await pendingDeliveries(deps.pool)).filter(({ channel }) => channel === 'gone');
  expect(delivery).toMatchObject({ error: 'channel gone (webhook): answered 500' });
  expect(missingIn('open', ['channel-dead'])).toEqual(['channel-dead']);
  // As it is after some minutes.
  await deps.pool.query(
    `update alert_deliveries set attempts = 3, failing_since = now() - interval '5 minutes' where channel = 'gone'`,
  );
  expect(await eventually(() => missingIn('open', ['channel-dead']).length === 0)).toBe(true);
  const said = messages()
    .flatMap(({ open }) => open)
    .find(({ rule }) => rule === 'channel-dead');
  expect(said).toMatchObject({ subject: 'gone', severity: 'page', summary: expect.stringContaining('answered 500') });
  expect(JSON.stringify(said)).not.toContain('canary');
  // It is not asked to say so itself.
  expect(dead.received.map(({ text }) => text).join('')).not.toContain('channel-dead');

  dead.status = 200;
  // Somebody ends its workflow by force: the next look begins another one.
  await client.workflow.getHandle(plainNames.alertDeliveryId(delivery?.id ?? 0)).terminate();
  expect(
    await eventually(async () => (await pendingDeliveries(deps.pool)).every(({ channel }) => channel !== 'gone')),
  ).toBe(true);
  expect(await eventually(() => missingIn('resolved', ['channel-dead']).length === 0)).toBe(true);
});

test('what is over is said to be over', async () => {
  const world = { pool: deps.pool, dir: folder.path };
  for (const fault of Object.values(faults)) await fault.mend(world);
  for (const { id, ...to } of await declared()) await applyChange(client, plainNames, { kind: 'create', id, to });
  await resumeSchedule(client, plainNames, nightly, 'done');
  await world.pool.query(
    `insert into reconciliations (reconciliation, stream_id, level, definition_version, state, verdict, finished_at)
      select 'reconcile/acme/calm/compare-2026-11-24T03-00-00Z', stream_id, 'content', 'v', 'done', 'clean', now() + interval '4 days' from streams where name = 'calm'`,
  );
  await world.pool.query(
    `insert into target_comparisons (run_id, target, stream_id, table_name, state, verdict, finished_at)
      select name, 'lake', stream_id, name, 'done', 'clean', now() + interval '4 days' from streams where name in ('behind', 'touched', 'twisted', 'uncompared')`,
  );
  for (const taskQueue of [plainNames.partnerQueue('acme'), plainNames.targetQueue('lake')])
    await work({ taskQueue, workflows: false, activities: { idle: async () => {} } });
  ahead += 25 * HOUR;
  await eventually(() => missingIn('resolved', injected).length === 0);
  expect(missingIn('resolved', injected)).toEqual([]);
  expect((await listAlerts(deps.pool, { open: true })).map(({ summary }) => summary)).toEqual([]);
  await eventually(() => sink.received.some(({ path, text }) => path === '/duty' && text.includes('"resolve"')));
  expect(sink.received.filter(({ path, text }) => path === '/duty' && text.includes('"resolve"'))).not.toHaveLength(0);
});
