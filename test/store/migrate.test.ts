import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { migrate, pendingMigrations } from '../../store/migrate/migrate.ts';
import { stepsOf } from '../../store/migrate/migration-files.ts';
import { databaseUrl, freshDatabase, inDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { wholeSchema } from '../support/whole-schema.ts';

const name = `test_${randomUUID().replaceAll('-', '')}`;
beforeAll(() => inDatabase('postgres', `create database ${name}`));
afterAll(() => inDatabase('postgres', `drop database ${name} with (force)`));

test('an empty database gets every migration and function once, though several migrate it at once, and then none', async () => {
  const pool = openPool(databaseUrl(name));
  try {
    const all = await wholeSchema();
    expect(all.length).toBeGreaterThan(0);
    expect(await pendingMigrations(pool)).toEqual(all);
    const applied = await Promise.all([1, 2, 3].map(() => migrate(databaseUrl(name))));
    expect(applied.map((names) => names.length).toSorted((a, b) => a - b)).toEqual([0, 0, all.length]);
    expect(applied.flat()).toEqual(all);
    expect(await migrate(databaseUrl(name))).toEqual([]);
    expect(await pendingMigrations(pool)).toEqual([]);
  } finally {
    await pool.end();
  }
});

const exampleInDocs = (): string =>
  /^ *migration \S+ was not applied[^`]*`[^`]*` again$/m.exec(readFileSync('docs/deployment.md', 'utf8'))?.[0] ??
  'nothing';
const withoutNames = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replace(/migration \S+/, 'migration M')
    .replace(/for \S+ it/, 'for T it')
    .replace(/\(.*?, user \w+, idle in transaction, since [^)]*Z\)/, '(A, user U, idle in transaction, since T)')
    .replaceAll(/(pid |backend\()\d+/g, '$1N');

describe('under a transaction of somebody else', () => {
  let database: TestDatabase;
  let worker: Client;
  beforeEach(async () => {
    database = await freshDatabase();
    worker = new Client({ connectionString: database.url, application_name: 'syncline worker 7' });
    await worker.connect();
  });
  afterEach(async () => {
    await worker.end();
    await database.drop();
  });

  const pauses = '0006_pauses.sql';
  const indexes = '0011_inspect.sql';

  /** It alters stream_runs: the database is as it was before it. */
  async function beforePauses(): Promise<void> {
    await database.pool.query('drop table syncline.pauses; alter table syncline.stream_runs drop column deferred_kind');
    for (const index of ['stream_runs_good', 'runs_of_window', 'runs_open', 'stream_runs_open'])
      await database.pool.query(`drop index syncline.${index}`);
    await database.pool.query('delete from syncline.migrations where name = $1', [pauses]);
  }

  const asWorkersDo = `insert into syncline.runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id)
    values (gen_random_uuid(), 'acme', 'nightly', '2026-11-24', 1, '{}', 'secret value')`;
  const holdStreamRuns = `update syncline.stream_runs set reason = 'secret value'`;

  test('a migration that cannot get a lock gives up, names who holds it and changes nothing', async () => {
    await beforePauses();
    await worker.query(`begin; ${holdStreamRuns}`);
    const { rows } = await worker.query<{ pid: number }>('select pg_backend_pid() as pid');
    const said: string[] = [];
    const failed = migrate(database.url, { lockMs: 300, wholeMs: 1500, say: (line) => said.push(line) });
    const message = await failed.then(String, String);
    expect(message).toMatch(
      new RegExp(
        `migration ${pauses} was not applied: for 1\\.5s it did not get the lock of syncline.stream_runs, held up by ` +
          `pid ${rows[0]?.pid} \\(syncline worker 7, user postgres, idle in transaction, since \\d{4}-.*Z\\)\\. ` +
          `Workers go on as before.*pg_terminate_backend\\(${rows[0]?.pid}\\).*syncline migrate`,
      ),
    );
    expect(withoutNames(message)).toContain(withoutNames(exampleInDocs()));
    expect(message + said.join()).not.toContain('secret');
    expect(said.length).toBeGreaterThan(0);
    const pool = openPool(database.url, 1);
    expect(await pendingMigrations(pool)).toEqual([pauses]);
    expect((await pool.query(`select to_regclass('pauses') as pauses`)).rows).toEqual([{ pauses: null }]);
    await pool.end();
  });

  test('it is applied as soon as the lock is free, and others write meanwhile', async () => {
    await beforePauses();
    await worker.query(`begin; ${holdStreamRuns}`);
    let tries = 0;
    const migrated = migrate(database.url, { lockMs: 200, say: () => (tries += 1) });
    expect(await eventually(() => tries > 0)).toBe(true);
    const other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query(holdStreamRuns);
    await other.end();
    await worker.query('commit');
    expect(await migrated).toEqual([pauses]);
  });

  test('indexes are made concurrently: writers go on, and one that broke off is made again', async () => {
    await database.pool.query('delete from syncline.migrations where name = $1', [indexes]);
    await worker.query(`begin; ${asWorkersDo}`);
    const message = await migrate(database.url, { wholeMs: 1000 }).then(String, String);
    expect(message).toContain(
      `migration ${indexes} was not applied: for 1s it did not get the end of older transactions, held up by pid`,
    );
    const migrated = migrate(database.url);
    const waits = async (): Promise<boolean> => {
      const { rows } = await database.pool.query(
        `select from pg_stat_activity where application_name = 'syncline migrate' and wait_event_type = 'Lock' and datname = current_database()`,
      );
      return rows.length > 0;
    };
    expect(await eventually(waits)).toBe(true);
    await database.pool.query(asWorkersDo);
    await worker.query('commit');
    expect(await migrated).toEqual([indexes]);
    const { rows: invalid } = await database.pool.query(
      'select indexrelid::regclass::text as name from pg_index where not indisvalid',
    );
    expect(invalid).toEqual([]);
  });
});

test('indexes made concurrently are statements each by itself, and nothing else may stand among them', () => {
  expect(
    stepsOf(
      '-- why; because\ndrop index concurrently if exists a;\ncreate index concurrently a on t (x)\n  where y;\n',
    ),
  ).toEqual({
    kind: 'indexes',
    statements: ['drop index concurrently if exists a', 'create index concurrently a on t (x)\n  where y'],
  });
  expect(() => stepsOf('create index concurrently a on t (x);\nupdate t set x = 1;')).toThrow('update t set x = 1');
  expect(stepsOf('create table t (x int);\ncreate index a on t (x);').kind).toBe('transaction');
});
