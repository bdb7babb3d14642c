import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { pino } from 'pino';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import { startIngest } from '../../ingest/start-ingest.ts';
import { openPush } from '../../landing/open-push.ts';
import { plainNames } from '../../messages/names.ts';
import { readBlocks } from '../../store/callers/blocks.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { eventually } from '../support/eventually.ts';
import { startIngestProcess } from '../support/ingest-process.ts';
import { ask, compiledOf, ordersByPush } from '../support/use-ingest.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { calm, definePartner, ownNamespace, runToEnd, startWorker, type Ground } from '../durability/durable-bench.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { runSyncline } from '../cli/run-syncline.ts';
import { Browser, serveUi } from '../ui/serve-ui.ts';
import { wholeSchema } from '../support/whole-schema.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
let report: RunReport;
const roles = await readFile(join(import.meta.dirname, '../../deploy/roles.sql'), 'utf8');
const partner = uniqueName('least');

function urlAs(role: string): string {
  const url = new URL(database.url);
  url.username = role;
  url.password = `${role}_secret`;
  return url.href;
}

async function as<T>(role: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: urlAs(role) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const table = async (schema: string): Promise<readonly unknown[]> =>
  (await database.pool.query<object>(`select id from "${schema}".orders order by id`)).rows;

const states = (role: string, statements: readonly string[]): Promise<readonly string[]> =>
  as(role, async (client) => {
    const found: string[] = [];
    for (const sql of statements)
      found.push(
        await client.query(sql).then(
          () => 'allowed',
          (error: { code?: string }) => (error.code === '42501' ? 'denied' : (error.code ?? 'failed')),
        ),
      );
    return found;
  });

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  // Twice: what is there changes hands, and nothing is lost by a second time.
  await database.pool.query(roles);
  await database.pool.query(roles);
  for (const role of ['syncline_migrate', 'syncline_worker', 'syncline_ingest', 'syncline_ui', 'syncline_reader'])
    await database.pool.query(`alter role ${role} password '${role}_secret'`);
  simulator = await startSimulator({ payments: 950, faults: [{ kind: 'blank_records', nth: 2 }] });
  ground = {
    databaseUrl: urlAs('syncline_worker'),
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  await definePartner(ground, partner);
  const worker = startWorker(ground, partner, calm);
  await worker.ready;
  report = await runToEnd(ground, partner);
  await worker.stop();
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

/** A plan with one pair of payments, and the ids of these. */
async function planOfPayments(): Promise<{ readonly plan: number; readonly ids: readonly string[] }> {
  const { rows } = await database.pool.query<{ plan: number; ids: readonly string[] }>(
    `with two as (select array_agg(id order by id) as ids from (select id from "${partner}".payments order by id limit 2) p),
      plan as (insert into syncline.duplicate_plans (name, workflow_id, settings, by, state)
        values ('payments', 'of the test', jsonb_build_object('largest', 50, 'from', jsonb_build_array(jsonb_build_object(
          'stream', $1::text, 'fields', '{"number": "id"}'::jsonb))), 'ann', 'ready') returning plan_id),
      pair as (insert into syncline.duplicate_pairs (plan_id, pair, left_stream, left_row, right_stream, right_row, rule, weight, probability, levels, found, cluster)
        select plan_id, 1, $1, ids[1], $1, ids[2], 'score', 9, 0.99, '{}', 'merge', 1 from plan, two)
      select plan_id as plan, ids from plan, two`,
    [`${partner}.payments`],
  );
  return rows[0] as (typeof rows)[0];
}

describe('deploy/roles.sql', () => {
  test('a worker that has synced cannot drop, change or forget what was received', async () => {
    expect(report).toMatchObject({ counts: { fetched: 951, inserted: 950, quarantined: 1 } });
    const denied = [
      'drop table syncline.events',
      'drop schema syncline cascade',
      'truncate syncline.pages',
      'delete from syncline.events',
      'delete from syncline.events_1',
      `update syncline.events set payload = '{}'`,
      'delete from syncline.pages',
      'delete from syncline.removals',
      'alter table syncline.runs add column more text',
      `insert into syncline.migrations (name) values ('9999_none.sql')`,
      `insert into syncline.functions (name, hash) values ('begin_turn', 'none')`,
      'create or replace function syncline.epoch_us() returns double precision language sql as $$ select 1 $$',
      'create table syncline.mine (id integer)',
      'create role another',
    ];
    expect(await states('syncline_worker', denied)).toEqual(denied.map(() => 'denied'));
    // What retention removes passes by the owner's functions.
    const allowed = [
      'insert into syncline.log_due (stream_id, event) values (1, 1)',
      `select * from syncline.remove_lines(1, (select definition_version from syncline.streams where stream_id = 1), 1, 10)`,
      'select * from syncline.remove_pages(1, now(), 0, 10, false)',
    ];
    expect(await states('syncline_worker', allowed)).toEqual(allowed.map(() => 'allowed'));
    expect((await database.pool.query('select from syncline.events_1')).rowCount).toBe(950);
    // An undo says of events that they count no more, and of nothing that it was another record.
    expect(
      await states('syncline_worker', [`select syncline.relabel_events(1, '[{"event": 1, "operation": "u"}]')`]),
    ).toEqual(['allowed']);
  });

  test('a reader sees tables and ledger, and neither payloads nor tokens; it changes nothing', async () => {
    const allowed = [
      `select * from "${partner}".payments`,
      'select * from syncline.stream_runs',
      'select * from syncline.pages',
      'select * from syncline.freshness',
    ];
    expect(await states('syncline_reader', allowed)).toEqual(allowed.map(() => 'allowed'));
    const denied = [
      'select * from syncline.events',
      'select * from syncline.events_1',
      'select * from syncline.quarantine',
      'select * from syncline.anomalies',
      'select * from syncline.tokens',
      'select * from syncline.caller_keys',
      'select * from syncline.remove_lines(1, null, 1, 10)',
      `delete from "${partner}".payments`,
      `update syncline.runs set outcome = 'ok'`,
      'create schema mine',
    ];
    expect(await states('syncline_reader', denied)).toEqual(denied.map(() => 'denied'));
  });

  test('ingest takes in what callers push into tables that a worker has made, and may do little else', async () => {
    const streams = compiledOf({ orders: ordersByPush() }, 'pushed');
    const workers = openPool(urlAs('syncline_worker'), 1);
    await openPush(workers, streams.get('orders') as CompiledStream);
    const caller = { id: 'shop', tier: 'normal', scopes: ['pushed/*'], addresses: null, certificate: null } as const;
    const key = await addCaller(workers, { ...caller, limits: {} }, { by: 'ann', reason: 'a test' });
    const pool = openPool(urlAs('syncline_ingest'));
    const authenticator = new Authenticator(pool);
    const ingest = await startIngest({
      pool,
      names: plainNames,
      log: pino({ level: 'silent' }),
      failpoint: () => {},
      onLanded: () => {},
      gate: callerGate({ authenticator, limiter: new CallerLimiter(pool) }),
      streams: () => Promise.resolve(streams),
      address: '127.0.0.1:0',
    });
    const push = (id: string, v: number): ReturnType<typeof ask> =>
      ask(`${ingest.url}/v1/pushed/orders`, {
        method: 'POST',
        body: JSON.stringify({ id, v }),
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'idempotency-key': `${id}-${v}-4711-0815-2342`,
        },
      });
    for (const [id, v] of [
      ['o1', 1],
      ['o1', 2],
      ['o2', 1],
      ['o1', 2],
    ] as const)
      expect(await push(id, v)).toMatchObject({ status: 202 });
    for (let i = 0; i < 201; i++) authenticator.answered('shop', 422);
    expect(await eventually(async () => (await readBlocks(workers)).length > 0)).toBe(true);
    await ingest.close();
    await Promise.all([pool.end(), workers.end()]);
    const { rows } = await database.pool.query('select id, v from pushed.orders order by id');
    expect(rows).toMatchObject([{ id: 'o1' }, { id: 'o2' }]);

    const denied = [
      'select * from syncline.tokens',
      'select * from syncline.caller_audit',
      'delete from syncline.caller_audit',
      'update syncline.events set payload = null',
      'delete from syncline.events',
      'delete from syncline.pages',
      `update syncline.callers set scopes = '{a/b}'`,
      `insert into syncline.callers (caller, tier, scopes) values ('me', 'bulk', '{a/b}')`,
      `update syncline.caller_keys set hash = hash`,
      `insert into syncline.caller_keys (key_id, caller, hash) values ('0000000000000000', 'shop', '')`,
      'update syncline.caller_tiers set rate = 1000',
      'insert into syncline.caller_overrides (caller, until) values (null, now())',
      'select * from syncline.remove_lines(1, null, 1, 10)',
      'create table pushed.mine (id integer)',
      'drop table pushed.orders',
      'create schema mine',
    ];
    expect(await states('syncline_ingest', denied)).toEqual(denied.map(() => 'denied'));
    expect(await states('syncline_worker', ['delete from syncline.caller_audit'])).toEqual(['denied']);
  });

  test('`syncline ingest` runs as its role once a worker’s role has prepared the streams, and says what is missing until then', async () => {
    await writeFile(
      join(folder.path, 'door.yaml'),
      JSON.stringify({ name: 'door', baseUrl: simulator.url, streams: { orders: ordersByPush() } }),
    );
    const env = (role: string): Record<string, string> => ({
      DATABASE_URL: urlAs(role),
      SYNCLINE_PARTNERS_DIR: folder.path,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    const added = await runSyncline(
      ['callers', 'add', 'door', '--scope', 'door/*', '--reason', 'a test', '--json'],
      env('syncline_worker'),
    );
    const { key } = JSON.parse(added.stdout) as { key: string };
    const ingest = startIngestProcess({ env: env('syncline_ingest') });
    const url = await ingest.url;
    const push = (): ReturnType<typeof ask> =>
      ask(`${url}/v1/door/orders`, {
        method: 'POST',
        body: '{"id":"o1","v":1}',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
    expect(await push()).toMatchObject({ status: 503, body: { code: 'unavailable', retry_after_s: 30 } });
    expect(await eventually(() => Promise.resolve(ingest.logged().includes('run `syncline partners prepare`')))).toBe(
      true,
    );

    const prepare = ['partners', 'prepare', 'door'];
    expect(await runSyncline(prepare, env('syncline_ingest'))).toMatchObject({ code: 1 });
    expect(await runSyncline(prepare, env('syncline_worker'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('door/orders: door.orders can be written to'),
    });
    expect(await push()).toMatchObject({ status: 202, body: { accepted: 1 } });
    expect(await ask(`${url}/readyz`)).toMatchObject({ status: 200 });
    ingest.signal('SIGTERM');
    expect(await ingest.ended).toBe(0);
    expect(await table('door')).toEqual([{ id: 'o1' }]);
  });

  test('the status page shows all and does what people order as its role, and sees neither records nor secrets', async () => {
    const pool = openPool(urlAs('syncline_ui'), 2);
    const ui = await serveUi({ pool, partnersDir: folder.path, env: { SYNCLINE_UI_TOKEN: 'a-token-of-the-test' } });
    const browser = new Browser(ui.url);
    await browser.post('/sign-in', { name: 'ann', token: 'a-token-of-the-test', to: '/' });
    const run = report.runId;
    for (const path of [
      ...['/', '/streams', `/partners/${partner}`, `/partners/${partner}/payments`, '/runs', `/runs/${run}`],
      ...['/alerts', '/limits', '/callers', '/webhooks', '/actions', '/duplicates', '/reconciliations'],
    ])
      expect([path, (await browser.get(path)).status]).toEqual([path, 200]);
    const form = /name="form" value="([^"]+)"/.exec((await browser.get(`/partners/${partner}`)).text)?.[1] ?? '';
    for (const action of ['pause', 'resume']) {
      const done = await browser.post(`/actions/${action}`, { target: partner, reason: 'a test', form });
      expect((await browser.get(done.location)).text).toMatch(
        action === 'pause' ? /Now paused by ann/ : /No longer paused by ann/,
      );
    }
    // Of a partner's table it sees the rows that a plan compares, and these by a function alone.
    const { plan, ids } = await planOfPayments();
    const shown = await browser.get(`/duplicates/${plan}`);
    for (const id of ids) expect(shown.text).toContain(`>${id}</td>`);
    const rejected = await browser.post('/actions/reject-pairs', {
      ...{ target: String(plan), pair: '1', reason: 'a test', form },
    });
    expect((await browser.get(rejected.location)).text).toContain('1 pairs were rejected');
    await ui.close();
    await pool.end();
    expect(await states('syncline_reader', [`select * from syncline.pair_values(${plan}, '{1}')`])).toEqual(['denied']);

    const denied = [
      'select * from syncline.events',
      'set role syncline_values',
      'select payload from syncline.quarantine',
      'select key from syncline.quarantine',
      'select key from syncline.waiting',
      'select hash from syncline.caller_keys',
      'select body from syncline.webhook_deliveries',
      'select * from syncline.tokens',
      `select * from "${partner}".payments`,
      'select * from syncline.reconcile_seen',
      `update syncline.duplicate_pairs set left_row = 'other'`,
      'delete from syncline.duplicate_links',
      'delete from syncline.pauses',
      'delete from syncline.ui_audit',
      `update syncline.ui_audit set by = 'bob'`,
      `update syncline.streams set watermark = null`,
      `update syncline.runs set outcome = 'ok'`,
      'select * from syncline.remove_lines(1, null, 1, 10)',
      'create schema mine',
    ];
    expect(await states('syncline_ui', denied)).toEqual(denied.map(() => 'denied'));
    expect(await states('syncline_worker', ['delete from syncline.ui_audit'])).toEqual(['denied']);
  });

  test('an installation with roles of its own is closed to the others, as docs/environments.md says', async () => {
    const document = await readFile(join(import.meta.dirname, '../../docs/environments.md'), 'utf8');
    const [, from = '', to = ''] = /^sed 's\/(\w+)\/(\w+)\/g' deploy\/roles\.sql/m.exec(document) ?? [];
    await database.pool.query(roles.replaceAll(from, to));
    for (const role of ['migrate', 'worker'])
      await database.pool.query(`alter role blue_syncline_${role} password 'blue_syncline_${role}_secret'`);
    expect(await migrate(urlAs('blue_syncline_migrate'), { schema: 'blue_syncline' })).toEqual(await wholeSchema());
    const statements = [
      'select * from blue_syncline.runs',
      'select * from syncline.runs',
      'select syncline.own_key(null)',
    ];
    expect(await states('blue_syncline_worker', statements)).toEqual(['allowed', 'denied', 'denied']);
    expect(await states('syncline_worker', statements)).toEqual(['denied', 'allowed', 'allowed']);
    await database.pool.query('drop schema blue_syncline cascade');
    for (const role of ['worker', 'ingest', 'ui', 'reader', 'migrate', 'values']) {
      await database.pool.query(`drop owned by blue_syncline_${role}`);
      await database.pool.query(`drop role blue_syncline_${role}`);
    }
  });

  test('migrations run as their own role, from nothing, and what they add is the workers’ to use', async () => {
    expect(await migrate(urlAs('syncline_migrate'))).toEqual([]);
    await database.pool.query('drop schema syncline cascade');
    await database.pool.query(roles);
    expect(await migrate(urlAs('syncline_migrate'))).toEqual(await wholeSchema());
    expect(
      await states('syncline_worker', [
        'select * from syncline.runs',
        'select * from syncline.migrations',
        'drop table syncline.runs',
      ]),
    ).toEqual(['allowed', 'allowed', 'denied']);
    // What is append-only was just made, with the rights of all tables.
    await database.pool.query(roles);
    // A later version of the function that belongs to another role.
    const values = await readFile(join(import.meta.dirname, '../../store/functions/pair_values.sql'), 'utf8');
    expect(await states('syncline_migrate', [`set local search_path = syncline; ${values}`])).toEqual(['allowed']);
    expect(await states('syncline_worker', ['delete from syncline.events', 'delete from syncline.pages'])).toEqual([
      'denied',
      'denied',
    ]);
  });
});
