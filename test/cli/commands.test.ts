import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../config/config.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runSyncline } from './run-syncline.ts';

const CANARY = 'canary-4711';
const WINDOW = '2026-11-24';
const RUN = `sync/acme/${WINDOW}`;

/** Some payments have no description, which only the second schema allows. */
const acme = (description: string): string => `
name: acme
baseUrl: \${ACME_URL}
auth: { type: bearer, token: '\${ACME_TOKEN}' }
streams:
  payments:
    path: /v1/payments
    query: { limit: 500 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    pagination: { type: token, token: next_cursor, as: cursor }
    errorBudget: { count: 1000, share: 1 }
    schema:
      type: object
      properties:
        id: { type: string }
        description: ${description}
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
`;

const gone = `
name: gone
baseUrl: \${ACME_URL}
auth: { type: bearer, token: '\${ACME_TOKEN}' }
streams:
  orders: { path: /v1/orders, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`;

let simulator: Simulator;
let database: TestDatabase;
let folder: TemporaryFolder;
let workers: RunningWorkers | undefined;
let env: Record<string, string>;
let withoutDescription: number;
const printed: string[] = [];

beforeAll(async () => {
  const [started, fresh, files, namespace] = await Promise.all([
    startSimulator({ payments: 300, auth: { type: 'bearer', token: CANARY } }),
    freshDatabase(),
    temporaryFolder(),
    freshNamespace(),
  ]);
  simulator = started;
  database = fresh;
  folder = files;
  await writeFile(join(folder.path, 'acme.yaml'), acme('{ type: string }'));
  await writeFile(join(folder.path, 'gone.yaml'), gone);
  withoutDescription = simulator.truth('payments').filter((row) => row['description'] === null).length;
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
    ACME_URL: simulator.url,
    ACME_TOKEN: CANARY,
  };
});
afterAll(async () => {
  await workers?.stop();
  await database?.drop();
  await simulator?.close();
  await folder?.remove();
});

/** What it says to people, and its exit code. */
async function syncline(args: string): Promise<{ readonly code: number; readonly says: string }> {
  const { code, stdout, stderr } = await runSyncline(args.split(' '), env);
  printed.push(stdout, stderr);
  return { code, says: `${stdout}${stderr}` };
}

/** What it says to scripts: one JSON document and nothing else. */
async function json(args: string): Promise<{ readonly code: number; readonly value: unknown }> {
  const { code, stdout, stderr } = await runSyncline([...args.split(' '), '--json'], env);
  printed.push(stdout, stderr);
  expect(stderr).toBe('');
  return { code, value: JSON.parse(stdout) };
}

describe('syncline, from a first definition to a mended quarantine', () => {
  test('doctor misses the workers', async () => {
    expect(await syncline('doctor')).toEqual({
      code: 1,
      says: expect.stringMatching(
        /workers +problem +nobody asks for work on syncline, partner\.acme, partner\.gone: start/,
      ),
    });
    workers = await startWorkers({
      config: readConfig({ ...process.env, ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] }),
      log: createLogger('silent'),
      roles: [],
    });
    const { code, value } = await json('doctor');
    expect(value).toEqual(
      [
        'node',
        'partners',
        'database',
        'temporal',
        'targets',
        'workers',
        'schedules',
        'polling',
        'webhooks',
        'waiting',
        'rules',
        'alerts',
        'erasures',
      ].map((check) => expect.objectContaining({ check, state: 'ok' })),
    );
    expect(code).toBe(0);
  });

  test('partners list shows each definition', async () => {
    expect(await json('partners list')).toEqual({
      code: 0,
      value: [
        { partner: 'acme', state: 'fits', streams: 'payments', baseUrl: simulator.url },
        { partner: 'gone', state: 'fits', streams: 'orders', baseUrl: simulator.url },
      ],
    });
  });

  test('partners check shows typed samples and what does not fit', async () => {
    const { code, says } = await syncline('partners check acme');
    expect(says).toMatch(/GET \/v1\/payments\?limit answered 200 in \d+ ms: 300 records/);
    expect(says).toContain(`does not fit: description: expected string, found null (${withoutDescription} of 300)`);
    expect(says).toMatch(/not in the schema, goes to _extra: .*customer_id/);
    expect(says).toMatch(/sequence +integer +\d/);
    expect(code).toBe(1);
  });

  test('partners check suggests a schema that all the records fit', async () => {
    const { says } = await syncline('partners check acme --suggest-schema');
    const suggested = says.slice(says.indexOf('    schema:'));
    expect(suggested).toMatch(/description: \{ type: \[ string, "null" \] \}\n/);
    expect(suggested).toMatch(/^ {8}customer_id: /m);
    const other = await temporaryFolder();
    await writeFile(join(other.path, 'acme.yaml'), acme('').replace(/^ {4}schema:[^]*/m, suggested));
    const checked = await runSyncline(['partners', 'check', 'acme'], { ...env, SYNCLINE_PARTNERS_DIR: other.path });
    await other.remove();
    expect(checked.code).toBe(0);
    expect(checked.stdout).not.toMatch(/does not fit|goes to _extra/);
  });

  test('partners check says which request failed, and why', async () => {
    expect(await syncline('partners check gone')).toEqual({
      code: 1,
      says: expect.stringMatching(/orders\n {2}GET \/v1\/orders\n {2}failed: .*answered 404/),
    });
  });

  test('a sync with records in quarantine ends with 3, and says the same when it is asked for again', async () => {
    const first = await json(`sync acme --window ${WINDOW}`);
    expect(first).toMatchObject({ code: 3, value: { runId: RUN, outcome: 'partial', counts: { fetched: 300 } } });
    expect(await syncline(`sync acme --window ${WINDOW}`)).toEqual({
      code: 3,
      says: expect.stringMatching(
        new RegExp(`^Nothing was read: ${RUN} has read ${WINDOW} already[^]*--force\n[^]*Outcome partial\\.\n$`),
      ),
    });
  });

  test('a sync that fails ends with 1 and its reason', async () => {
    expect(await syncline(`sync gone --window ${WINDOW}`)).toEqual({
      code: 1,
      says: expect.stringMatching(/answered 404[^]*Outcome failed\.\n$/),
    });
  });

  test('runs list and runs show tell how it went', async () => {
    const list = await json('runs list --partner acme');
    expect(list).toMatchObject({ code: 0, value: [{ runId: RUN, kind: 'manual', outcome: 'partial' }] });
    expect(await syncline(`runs show ${RUN}`)).toEqual({
      code: 0,
      says: expect.stringMatching(new RegExp(`^${RUN}: partial, started [^]*payments +partial +300`)),
    });
    expect(await syncline('runs show sync/acme/2001-01-01')).toEqual({
      code: 2,
      says: 'syncline: there is no run "sync/acme/2001-01-01": `syncline runs list` shows those there are\n',
    });
  });

  test('status shows each stream as it stands', async () => {
    expect(await json('status')).toMatchObject({
      code: 0,
      value: [
        { partner: 'acme', stream: 'payments', lastOutcome: 'partial', quarantined: withoutDescription },
        { partner: 'gone', stream: 'orders', lastOutcome: 'failed', quarantined: 0 },
      ],
    });
  });

  test('quarantine list keeps payloads back, quarantine show has the one that is asked for', async () => {
    const { value } = await json('quarantine list acme payments --limit 500');
    const records = value as { readonly id: string; readonly key: string }[];
    expect(records.length).toBe(withoutDescription);
    const [record] = records;
    expect(record).toMatchObject({
      path: 'description',
      reason: 'expected string, found null',
      status: 'held',
      count: 1,
    });
    expect(await syncline('quarantine list acme payments --limit 1')).toEqual({
      code: 0,
      says: expect.stringMatching(/stream +id +key +path +reason +status +times +first +last *\n/),
    });
    expect(record).not.toHaveProperty('payload');
    const shown = await json(`quarantine show acme payments ${record?.id}`);
    const { payload } = shown.value as { readonly payload: string };
    expect(JSON.parse(payload)).toMatchObject({ id: record?.key, description: null });
  });

  test('quarantine replay ends with 3 while records stay, and with 0 once the definition fits them', async () => {
    expect(await syncline('quarantine replay acme payments')).toEqual({
      code: 3,
      says: expect.stringMatching(new RegExp(`^0 of ${withoutDescription} held records went through`)),
    });
    await writeFile(join(folder.path, 'acme.yaml'), acme("{ type: [string, 'null'] }"));
    expect(await syncline('quarantine replay acme payments')).toEqual({
      code: 0,
      says: expect.stringMatching(new RegExp(`^${withoutDescription} of ${withoutDescription} held records went`)),
    });
    expect(await syncline('quarantine list')).toEqual({ code: 0, says: 'Nothing is in quarantine.\n' });
  });

  test('after a replay that took all, the run and its sync say so', async () => {
    const settled = `payments: ${withoutDescription} of ${withoutDescription} quarantined records were settled since`;
    expect(await syncline(`runs show ${RUN}`)).toEqual({
      code: 0,
      says: expect.stringMatching(new RegExp(`^${RUN}: ok, started [^]*payments +ok +300[^]*${settled}`)),
    });
    expect(await syncline(`sync acme --window ${WINDOW}`)).toEqual({
      code: 0,
      says: expect.stringMatching(new RegExp(`^Nothing was read: [^]*${settled}\nOutcome ok\\.\n$`)),
    });
    expect(await json('runs list --partner acme')).toMatchObject({
      value: [{ runId: RUN, outcome: 'ok', reason: null }],
    });
  });

  test('a sync of a stream that was read before for this window says so', async () => {
    expect(await syncline(`sync acme payments --window ${WINDOW}`)).toEqual({
      code: 0,
      says: expect.stringMatching(
        new RegExp(
          `payments: not read again, since an earlier run has read ${WINDOW}[^]*sync acme payments --window ${WINDOW} --force\n`,
        ),
      ),
    });
  });

  test('a forced sync reads everything again, changes nothing and ends with 0', async () => {
    expect(await json(`sync acme --window ${WINDOW} --force`)).toMatchObject({
      code: 0,
      value: { runId: `${RUN}/g2`, outcome: 'ok', counts: { fetched: 300, unchanged: 300 } },
    });
  });

  test('nothing that was printed holds a secret or a stack trace', () => {
    const all = printed.join('\n');
    expect(all.length).toBeGreaterThan(5000);
    expect(all).not.toContain(CANARY);
    expect(all).not.toContain(new URL(database.url).password);
    expect(all).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  });
});
