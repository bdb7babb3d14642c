import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { eraseRecords } from '../../cli/commands/erase.ts';
import { readConfig } from '../../config/config.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { payments } from '../support/simulator-streams.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runHere } from './run-here.ts';
import { killSyncline } from './run-syncline.ts';

const PAYMENTS = 300;
const twin = `target_${randomUUID().replaceAll('-', '')}`;

let simulator: Simulator;
let database: TestDatabase;
let folder: TemporaryFolder;
let workers: RunningWorkers;
let there: Pool;
let env: Record<string, string>;

beforeAll(async () => {
  const [started, fresh, files, namespace] = await Promise.all([
    startSimulator({ payments: PAYMENTS }),
    freshDatabase(),
    temporaryFolder(),
    freshNamespace(),
    inDatabase('postgres', `create database ${twin}`),
  ]);
  [simulator, database, folder] = [started, fresh, files];
  there = new Pool({ connectionString: databaseUrl(twin) });
  const acme = {
    name: 'acme',
    baseUrl: simulator.url,
    targets: ['twin'],
    streams: { payments: { ...payments, history: true } },
  };
  await writeFile(join(folder.path, 'acme.yaml'), JSON.stringify(acme));
  const targets = { targets: { twin: { type: 'postgres', url: databaseUrl(twin) } } };
  await writeFile(join(folder.path, 'targets.yaml'), JSON.stringify(targets));
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  };
  workers = await startWorkers({
    config: readConfig({ ...process.env, ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] }),
    log: createLogger('silent'),
    // None for histories in the store: whoever serves partners has them.
    roles: ['workflows', 'partners', 'target=twin'],
  });
});
afterAll(async () => {
  await workers?.stop();
  await there?.end();
  await database?.drop();
  await inDatabase('postgres', `drop database ${twin} with (force)`);
  await simulator?.close();
  await folder?.remove();
});

async function syncline(args: string): Promise<{ readonly code: number; readonly says: string }> {
  const { code, stdout, stderr } = await runHere(args.split(' '), env);
  return { code, says: `${stdout}${stderr}` };
}

async function countIn(pool: Pool, from: string): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${from}`);
  return Number(rows[0]?.count);
}
const countOf = (where: string): Promise<number> => countIn(there, `acme.payments where ${where}`);

test('a table in another warehouse is rebuilt by the worker that has it open, and rolled back', async () => {
  expect(await syncline('sync acme --window 2026-11-24')).toMatchObject({ code: 0 });
  await eventually(() =>
    countOf('true').then(
      (count) => count === PAYMENTS,
      () => false,
    ),
  );
  expect(await syncline('rebuild acme payments --target twin')).toMatchObject({
    code: 0,
    says: expect.stringMatching(/payments: 0 rows differ from the log up to event 300\./),
  });
  await there.query(`update acme.payments set description = 'mine' where id in (select id from acme.payments limit 3)`);
  expect(await syncline('rebuild acme payments --target twin --dry-run')).toMatchObject({
    code: 3,
    says: expect.stringMatching(/3 rows differ.*\nNothing was changed: `syncline rebuild acme payments --target twin`/),
  });
  expect(await countOf(`description = 'mine'`)).toBe(3);
  expect(await syncline('rebuild acme payments --target twin')).toMatchObject({
    code: 0,
    says: expect.stringMatching(/3 rows differed.*3 changed.*\n.*syncline rollback acme payments --target twin/),
  });
  expect(await countOf(`description = 'mine'`)).toBe(0);
  expect(await syncline('rollback acme payments --target twin')).toMatchObject({ code: 0 });
  expect(await countOf(`description = 'mine'`)).toBe(3);
  expect(await syncline('rebuild acme payments --target twine')).toMatchObject({
    code: 2,
    says: expect.stringMatching(/there is no target "twine"; did you mean "twin"\?/),
  });
  expect(await syncline('rollback acme nothing --target twin')).toMatchObject({
    code: 1,
    says: expect.stringMatching(/acme has no stream nothing/),
  });
});

test("a history in the store's own database is loaded by the worker of the partner, listed, compared and rebuilt", async () => {
  const kept = (where: string): Promise<number> => countIn(database.pool, `acme.payments_history where ${where}`);
  await eventually(() =>
    kept('is_current').then(
      (count) => count === PAYMENTS,
      () => false,
    ),
  );
  await eventually(() =>
    countIn(there, 'acme.payments_history').then(
      (count) => count === PAYMENTS,
      () => false,
    ),
  );
  expect(await syncline('targets list')).toMatchObject({
    code: 0,
    says: expect.stringMatching(
      /postgres: acme\.payments\.history has all 300 events\n(.*\n)*twin: acme\.payments\.history has all/,
    ),
  });
  // Values, which no load notices: it would make the table anew, maybe before anybody looks.
  await database.pool.query(
    `update acme.payments_history set description = 'mine' where id in (select id from acme.payments order by id limit 2)`,
  );
  const { code, says } = await syncline('doctor --tables');
  expect({ code, says }).toMatchObject({
    code: 1,
    says: expect.stringMatching(
      /history of acme\.payments +problem  acme\.payments_history: 2 rows differ [^]*2 changed/,
    ),
  });
  expect(await syncline('rebuild acme payments.history')).toMatchObject({
    code: 0,
    says: expect.stringMatching(/2 rows differed.*\n.*syncline rollback acme payments\.history` restores/),
  });
  expect(await kept(`description = 'mine'`)).toBe(0);
  expect(await syncline('rollback acme payments.history')).toMatchObject({ code: 0 });
  expect(await kept(`description = 'mine'`)).toBe(2);
  expect(await syncline('rebuild acme payments.histories --target twin')).toMatchObject({
    code: 1,
    says: expect.stringMatching(/acme has no stream payments\.histories/),
  });
});

test('tables in another warehouse are compared with the store, row by row where they differ, and healed', async () => {
  // The one in the store was rolled back above.
  expect(await syncline('rebuild acme payments.history')).toMatchObject({ code: 0 });
  // Here and in the next test: a load would see that rows are gone, and make the table anew before anybody looks.
  expect(await syncline('targets pause twin --reason looking')).toMatchObject({ code: 0 });
  const { rows } = await there.query<{ id: string }>(
    `select id from acme.payments where description <> 'mine' order by id limit 2`,
  );
  const [second, third] = rows.map(({ id }) => id);
  await there.query('delete from acme.payments where id = $1', [second]);
  await there.query(`update acme.payments set id = 'zz' where id = $1`, [third]);
  await there.query(`update acme.payments set description = 'mine' where id = (select min(id) from acme.payments)`);
  const different = await countOf(`description = 'mine'`);
  const { code, says } = await syncline('targets compare twin --json');
  const { compared } = JSON.parse(says) as { compared: { id: number }[] };
  expect({ code, compared }).toMatchObject({
    code: 3,
    compared: [
      { stream: 'payments', verdict: 'differs', missing: 2, extra: 1, different, storeRows: 300, targetRows: 299 },
      { stream: 'payments.history', verdict: 'clean', storeRows: 300, targetRows: 300 },
    ],
  });
  const shown = await syncline(`targets compared ${compared[0]?.id} --json`);
  expect((JSON.parse(shown.says) as { each: { kind: string; key: string }[] }).each.slice(0, 3)).toMatchObject([
    { kind: 'missing', key: second },
    { kind: 'missing', key: third },
    { kind: 'extra', key: 'zz' },
  ]);
  expect(await syncline('doctor --tables')).toMatchObject({
    code: 1,
    says: expect.stringMatching(/twin: acme\.payments +problem +missing: 2 [^]*twin: acme\.payments\.history +ok/),
  });
  expect(await syncline('targets compare twin acme.payments --heal')).toMatchObject({
    code: 0,
    says: expect.stringMatching(
      /300 +300 +0 +0 +clean\n(.*\n)*acme\.payments was made anew from the log\. Before that:\n +missing: 2/,
    ),
  });
  expect(await countOf(`description = 'mine' or id = 'zz'`)).toBe(0);
});

test('a schedule compares every table of a target, and says what differs', async () => {
  const file = join(folder.path, 'targets.yaml');
  const declare = (more: object): Promise<void> =>
    writeFile(file, JSON.stringify({ targets: { twin: { type: 'postgres', url: databaseUrl(twin), ...more } } }));
  await declare({ compare: { cron: '61 * * * *' } });
  expect(await syncline('schedule apply --dry-run')).toMatchObject({
    code: 2,
    says: expect.stringMatching(/targets\.yaml.*compare\.cron/),
  });
  await declare({ compare: { cron: '0 4 * * *', paused: true } });
  expect(await syncline('schedule apply --yes')).toMatchObject({
    code: 0,
    says: expect.stringContaining(
      '+ schedule/targets/twin: 0 4 * * * UTC, compare: its tables with those of the store, paused',
    ),
  });
  await there.query(`delete from acme.payments where id = (select max(id) from acme.payments)`);
  expect(await syncline('schedule trigger targets')).toMatchObject({ code: 0 });
  const listed = async (): Promise<string> => (await syncline('schedule list')).says;
  expect(await eventually(async () => /targets twin \(compare\) .* partial /.test(await listed()))).toBe(true);
  const { says } = await syncline('targets compared --json');
  const [history, payments] = JSON.parse(says) as Record<string, unknown>[];
  expect([history, payments]).toMatchObject([
    { stream: 'payments.history', verdict: 'clean' },
    { stream: 'payments', verdict: 'differs', missing: 1 },
  ]);
  await declare({});
  expect(await syncline('schedule apply --yes')).toMatchObject({
    code: 0,
    says: expect.stringContaining('- schedule/targets/twin'),
  });
  expect(await syncline('targets resume twin')).toMatchObject({ code: 0 });
});

test('what is erased is gone from another warehouse too, and from what a rollback would bring back', async () => {
  const { rows } = await there.query<{ id: string }>('select id from acme.payments order by id limit 1');
  const id = rows[0]?.id as string;
  expect(await syncline(`erase records acme payments ${id}`)).toMatchObject({
    code: 0,
    says: expect.stringMatching(
      /its tables in twin, postgres\.history, twin\.history, made anew from the log\nNothing was changed: --apply --reason/,
    ),
  });
  expect(await syncline(`erase records acme payments ${id} --apply`)).toMatchObject({
    code: 2,
    says: expect.stringMatching(/--apply needs --reason/),
  });
  expect(await countOf(`id = '${id}'`)).toBe(1);
  // A comparison has found its row.
  const named = (): Promise<number> => countIn(database.pool, `syncline.target_findings where key = '${id}'`);
  expect(await named()).toBeGreaterThan(0);
  expect(await syncline(`erase records acme payments ${id} --apply --reason asked`)).toMatchObject({
    code: 0,
    says: expect.stringMatching(
      /twin: made anew from the log, and nothing of the table before is kept\.\n(.*\n)*postgres\.history: made anew(.*\n)*twin\.history: made anew/,
    ),
  });
  expect(await countOf(`id = '${id}'`)).toBe(0);
  expect(await countOf('true')).toBe(PAYMENTS - 1);
  expect(await named()).toBe(0);
  for (const pool of [there, database.pool])
    expect(await countIn(pool, `acme.payments_history where id = '${id}'`)).toBe(0);
  const { rows: old } = await there.query(`select from pg_tables where schemaname = 'acme' and tablename like '%old%'`);
  expect(old).toEqual([]);
  expect(await syncline('rollback acme payments --target twin')).toMatchObject({
    code: 1,
    says: expect.stringMatching(/there is nothing to restore/),
  });
  expect(await syncline('erase list')).toMatchObject({ code: 0, says: expect.not.stringContaining(id) });
  expect(await syncline(`erase verify acme payments ${id}`)).toMatchObject({
    code: 0,
    says: expect.stringMatching(/^Erased at .* \(asked\), in erasure /),
  });
  expect(await syncline('erase again')).toMatchObject({
    code: 0,
    says: expect.stringMatching(/nothing had come back/),
  });
});

test('an erasure that is killed before it came to the other warehouse is known, and goes on there', async () => {
  const { rows } = await there.query<{ id: string }>('select id from acme.payments order by id limit 1');
  const id = rows[0]?.id as string;
  const erasures = (): Promise<number> => countIn(database.pool, 'syncline.erasures');
  const before = await erasures();
  await killSyncline(['erase', 'records', 'acme', 'payments', id, '--apply', '--reason', 'asked'], {
    env,
    when: async () => (await erasures()) > before,
  });
  expect(await countIn(database.pool, `acme.payments where id = '${id}'`)).toBe(0);
  expect(await countOf(`id = '${id}'`)).toBe(1);
  const { code, says } = await syncline('erase list --json');
  expect({
    code,
    pending: (JSON.parse(says) as { erasures: { pending: unknown }[] }).erasures.at(-1)?.pending,
  }).toEqual({
    code: 0,
    pending: ['twin', 'postgres.history', 'twin.history'],
  });
  expect(await syncline('erase again')).toMatchObject({ code: 0, says: expect.stringMatching(/twin: made anew from/) });
  expect(await countOf(`id = '${id}'`)).toBe(0);
  for (const pool of [there, database.pool])
    expect(await countIn(pool, `acme.payments_history where id = '${id}'`)).toBe(0);
});

test('an erasure waits for its turn behind what else is done with the table, and is not taken for that', async () => {
  const { rows } = await there.query<{ id: string }>('select id from acme.payments order by id limit 1');
  const id = rows[0]?.id as string;
  const locker = await there.connect();
  await locker.query('begin; lock table acme.payments');
  const compared = syncline('rebuild acme payments --target twin --dry-run');
  await eventually(
    async () =>
      (
        await there.query(
          'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
        )
      ).rowCount !== 0,
  );
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const erased = eraseRecords({
    config: { ...readConfig({ ...process.env, ...env }), uiUrl: undefined },
    options: { apply: true, reason: 'asked' },
    output: { say, note: say, json: () => {}, table: () => {} },
    partner: 'acme',
    stream: 'payments',
    key: [id],
  });
  await eventually(() => lines.some((line) => line.startsWith('Waits for the end of what goes on for this table')));
  await locker.query('commit');
  locker.release();
  expect(await compared).toMatchObject({ code: 3, says: expect.stringContaining('Nothing was changed') });
  expect(await erased).toBe(0);
  expect(lines).toContain('twin: made anew from the log, and nothing of the table before is kept.');
  expect(await countOf(`id = '${id}'`)).toBe(0);
});
