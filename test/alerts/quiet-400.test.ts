import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { AlertMessage } from '../../alerts/message.ts';
import { startAlerts } from '../../client/start-alerts.ts';
import { startSync } from '../../client/start-sync.ts';
import { readConfig } from '../../config/config.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { runSyncline } from '../cli/run-syncline.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { serveUi } from '../ui/serve-ui.ts';
import { httpSink, type HttpSink } from './sinks.ts';

/** The case behind the alerts: a stream answered 400 for some of its parents, night after night, and every light was green. */
let [folder, database, temporal, sink, partner] = [] as unknown as [
  TemporaryFolder,
  TestDatabase,
  TestTemporal,
  HttpSink,
  Awaited<ReturnType<typeof serveAnswers>>,
];
let client: Client;
let workers: RunningWorkers;
let env: Record<string, string>;
/** The stream that answers 400 for one parent in ten. */
let refusing: string | undefined;

const customers = Array.from({ length: 30 }, (_, n) => ({ id: `c${n}` }));
const schema = { type: 'object', properties: { id: { type: 'string' } } };
const plain = Array.from({ length: 9 }, (_, n) => `plain${n}`);
const perCustomer = {
  path: '/notes/{parent.id}',
  primaryKey: ['id'],
  parent: { stream: 'customers', fields: ['id'] },
  schema,
};

beforeAll(async () => {
  let namespace: string;
  [folder, database, temporal, sink, namespace, partner] = await Promise.all([
    temporaryFolder(),
    freshDatabase(),
    testTemporal(),
    httpSink(),
    freshNamespace(),
    serveAnswers(({ pathname }) => {
      const [, stream = '', customer] = pathname.split('/');
      if (stream === refusing && /^c.?0$/.test(customer ?? '')) return { status: 400, body: { error: 'bad request' } };
      if (customer !== undefined) return { body: [{ id: `${stream}-${customer}` }] };
      return { body: stream === 'customers' ? customers : [{ id: '1' }, { id: '2' }] };
    }),
  ]);
  await writeFile(
    join(folder.path, 'acme.yaml'),
    JSON.stringify({
      name: 'acme',
      baseUrl: partner.url,
      streams: {
        customers: { path: '/customers', primaryKey: ['id'], schema },
        notes: perCustomer,
        tags: { ...perCustomer, path: '/tags/{parent.id}', errors: [{ status: 400, action: 'skip' }] },
        ...Object.fromEntries(plain.map((name) => [name, { path: `/${name}`, primaryKey: ['id'], schema }])),
      },
    }),
  );
  await writeFile(
    join(folder.path, 'alerts.yaml'),
    JSON.stringify({
      channels: { hook: { type: 'webhook', url: sink.url } },
      routes: [{ match: { severity: 'page' }, to: ['hook'], wait: '0s' }],
    }),
  );
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  };
  client = new Client({ connection: temporal.connection, namespace });
  const config = readConfig({ ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] });
  workers = await startWorkers({ config, log: createLogger('silent'), roles: [] });
  for (const window of ['2026-11-21', '2026-11-22', '2026-11-23']) await night(window);
  await startAlerts(client, { names: config.names, everyMs: 300 });
});
afterAll(async () => {
  await workers?.stop();
  partner?.close();
  await sink?.close();
  await temporal?.close();
  await database?.drop();
  await folder?.remove();
});

async function night(window: string): Promise<unknown> {
  const { handle } = await startSync(client, { partner: 'acme', streams: [], window, kind: 'manual', generation: 1 });
  return handle.result();
}

async function requestsOf(stream: string, window: string): Promise<number> {
  const { rows } = await database.pool.query<{ requests: number }>(
    `select r.requests::integer from syncline.stream_runs r join syncline.streams s using (stream_id) where s.name = $1 and r.window_label = $2`,
    [stream, window],
  );
  return rows[0]?.requests as number;
}

const isOfTags = (said: string): boolean => said.startsWith('refusals-unusual tags: ');
const heard = (): readonly string[] =>
  sink.received
    .flatMap(({ text }) => (JSON.parse(text) as AlertMessage).open)
    .map(({ rule, stream, summary }) => `${rule} ${stream}: ${summary}`);

test('the first run that is refused for one parent in ten ends with 3, and is heard', async () => {
  expect(heard()).toEqual([]);
  refusing = 'notes';
  expect(await runSyncline(['sync', 'acme', '--window', '2026-11-24'], env)).toMatchObject({ code: 3 });
  await eventually(() => new Set(heard()).size >= 2);
  expect(new Set(heard())).toEqual(
    new Set([
      expect.stringMatching(
        /^run-suspect notes: the last run of acme\.notes ended suspect: the calls of 3 parents were refused/,
      ),
      expect.stringMatching(/^refusals-unusual notes: /),
    ]),
  );
});

test('it is seen on the status page', async () => {
  const pool = openPool(database.url, 2);
  const ui = await serveUi({ pool, partnersDir: folder.path, env: { SYNCLINE_UI_READERS: 'anyone' } });
  try {
    for (const path of ['/', '/alerts']) {
      const text = await (await fetch(new URL(path, ui.url))).text();
      expect(text).toContain('the calls of 3 parents were refused');
    }
  } finally {
    await ui.close();
    await pool.end();
  }
});

test('also where a rule of the definition passes over such calls, and the run is ok', async () => {
  refusing = 'tags';
  sink.received.length = 0;
  expect(await night('2026-11-25')).toMatchObject({ outcome: 'ok' });
  // In the same message may be what is not over yet.
  await eventually(() => heard().some(isOfTags));
  // 10 %, or less where pages were asked for once more: a lost connection, or a worker that Temporal took for dead.
  const requests = await requestsOf('tags', '2026-11-25');
  expect(requests).toBeGreaterThanOrEqual(customers.length);
  const share = (300 / requests).toLocaleString('en-US', { maximumFractionDigits: 1 });
  expect(heard().find(isOfTags)).toContain(`: ${share} % of the calls were refused, usual are 0 % (the last `);
});
