import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { functionFile, functionFiles, type FunctionFile } from '../../store/migrate/function-files.ts';
import { makeFunctions } from '../../store/migrate/make-functions.ts';
import { migrate, migrations, pendingMigrations } from '../../store/migrate/migrate.ts';
import { stepsOf, type Migration } from '../../store/migrate/migration-files.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: Client;
beforeEach(async () => {
  database = await freshDatabase();
  client = new Client({ connectionString: database.url, options: '-c search_path=syncline' });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

interface Found {
  readonly name: string;
  readonly args: string;
  readonly body: string;
}

async function inDatabase(): Promise<readonly Found[]> {
  const { rows } = await client.query<Found>(
    `select proname as name, pg_get_function_identity_arguments(oid) as args, prosrc as body from pg_proc
      where pronamespace = 'syncline'::regnamespace order by 1, 2`,
  );
  return rows;
}

const make = (files: readonly FunctionFile[], drops: readonly Migration[] = []): Promise<readonly string[]> =>
  makeFunctions(client, { schema: 'syncline', files, drops });
const pending = async (): Promise<readonly string[]> => {
  const pool = openPool(database.url, 1);
  const names = await pendingMigrations(pool);
  await pool.end();
  return names;
};

const epoch = (body: string, args = ''): FunctionFile =>
  functionFile(
    'epoch_us',
    `create or replace function epoch_us(${args}) returns double precision language sql as $$ ${body} $$;`,
  );
const bodyOf = async (name: string): Promise<string | undefined> =>
  (await inDatabase()).find((found) => found.name === name)?.body.trim();

test('each function has a file and each file one function: neither overloads nor strays', async () => {
  const names = (await functionFiles()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(0);
  expect((await inDatabase()).map(({ name }) => name)).toEqual(names);
});

test('migrations leave functions to their files', async () => {
  // Those up to 0014 have run: they made functions, and patched their text.
  const later = (await migrations()).filter((name) => name > '0015');
  expect(later.length).toBeGreaterThan(0);
  const found = later.filter((name) => {
    const sql = readFileSync(`store/migrations/${name}`, 'utf8').replaceAll(/--.*$/gm, '');
    if (stepsOf(sql).kind === 'drops of functions') return false;
    return /create (or replace )?(function|procedure)|(drop|alter) (function|procedure)|pg_get_functiondef/i.test(sql);
  });
  expect(found).toEqual([]);
});

test('a text that another version made is replaced by ours, and nothing else is', async () => {
  const before = await inDatabase();
  expect(await make([epoch('select 1.5')])).toEqual(['functions/epoch_us.sql']);
  expect(await bodyOf('epoch_us')).toBe('select 1.5');
  // Workers of this version go on while a newer one is deployed: theirs was made once.
  expect(await pending()).toEqual([]);
  expect(await make([epoch('select 1.5')])).toEqual([]);
  expect(await migrate(database.url)).toEqual(['functions/epoch_us.sql']);
  expect(await inDatabase()).toEqual(before);
  expect(await migrate(database.url)).toEqual([]);
});

test('a function that somebody dropped is pending, and made again', async () => {
  await client.query('drop function own_key(text)');
  expect(await pending()).toEqual(['functions/own_key.sql']);
  expect(await migrate(database.url)).toEqual(['functions/own_key.sql']);
  expect(await pending()).toEqual([]);
  expect((await client.query(`select own_key('x') as key`)).rows).toEqual([{ key: 'x' }]);
});

test('a text that was never made here is pending', async () => {
  await client.query(`delete from functions where name = 'begin_turn'`);
  expect(await pending()).toEqual(['functions/begin_turn.sql']);
});

test('functions may call each other in any order of their names', async () => {
  const files = [
    functionFile('aa', 'create or replace function aa() returns integer language sql as $$ select zz() $$;'),
    functionFile('zz', 'create or replace function zz() returns integer language sql as $$ select 7 $$;'),
  ];
  await make(files);
  expect((await client.query('select aa()')).rows).toEqual([{ aa: 7 }]);
});

test('a function that does not hold is named, and none is made', async () => {
  const before = await inDatabase();
  const files = [
    epoch('select 1.5'),
    functionFile('zz', 'create or replace function zz() returns integer language sql as $$ select nowhere() $$;'),
  ];
  const error = await make(files).catch((error: unknown) => error);
  expect(error).toMatchObject({
    message: 'function zz was not made; all functions are as they were',
    cause: { message: 'function nowhere() does not exist' },
  });
  expect(await inDatabase()).toEqual(before);
  expect(await pending()).toEqual([]);
});

const drop = (sql: string): Migration => ({ name: '9999_other_signature.sql', ...stepsOf(sql) });

describe('another signature', () => {
  test.each([
    ['a parameter more', epoch('select 1.5', 'p_more integer default 0')],
    [
      'another result',
      functionFile('epoch_us', 'create or replace function epoch_us() returns integer language sql as $$ select 1 $$;'),
    ],
  ])('%s asks for a migration that drops the old one, and changes nothing', async (_, file) => {
    const before = await inDatabase();
    await expect(make([file])).rejects.toThrow(
      'function epoch_us was not made, all functions are as they were: store/functions/epoch_us.sql has another signature than ' +
        'epoch_us() of the database. Add a migration of nothing but `drop function if exists …;`',
    );
    expect(await inDatabase()).toEqual(before);
  });

  test('is made in the transaction that drops the old one', async () => {
    const drops = [drop('-- why\ndrop function if exists epoch_us();\ndrop function if exists epoch_us(text);\n')];
    const before = await inDatabase();
    await expect(make([epoch('select nowhere()', 'p_more integer')], drops)).rejects.toThrow('epoch_us');
    expect(await inDatabase()).toEqual(before);
    expect((await client.query(`select from migrations where name like '9999%'`)).rows).toEqual([]);

    await make([epoch('select 1.5', 'p_more integer default 0')], drops);
    const found = (await inDatabase()).filter(({ name }) => name === 'epoch_us');
    expect(found).toMatchObject([{ args: 'p_more integer' }]);
    expect((await client.query(`select name from migrations where name like '9999%'`)).rows).toHaveLength(1);
  });
});

test('under a transaction that changes a function too, it gives up and names who holds it', async () => {
  await make([epoch('select 1.5')]);
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await client.query('begin');
  await client.query(epoch('select 2.5').text);
  await expect(migrate(database.url, { lockMs: 200, wholeMs: 800 })).rejects.toThrow(
    new RegExp(
      `^the change of functions was not applied: for 800ms it did not get .* pid ${rows[0]?.pid} .*syncline migrate`,
    ),
  );
  await client.query('rollback');
  expect(await migrate(database.url)).toEqual(['functions/epoch_us.sql']);
});

test('the event log of another control schema gets its partitions there, whatever the caller’s own path and tables', async () => {
  const schema = 'Blue "1"';
  await migrate(database.url, { schema });
  await client.query('create temporary table events_7 (id integer)');
  await client.query(`select "Blue ""1""".add_event_partition(7)`);
  const { rows } = await client.query<{ name: string }>(
    `select relnamespace::regnamespace::text as name from pg_class where relname = 'events_7' and relpersistence = 'p'`,
  );
  expect(rows).toEqual([{ name: '"Blue ""1"""' }]);
});

test.each([
  ['select 1;', 'found no function'],
  ['create function epoch_us() returns integer …', 'found create function epoch_us'],
  ['create or replace function epoch() …', 'found create or replace function epoch'],
  [
    'create or replace function epoch_us() …\ncreate or replace function other() …',
    'epoch_us and create or replace function other',
  ],
])('a file makes the function that it is named after, and no other: %j', (text, found) => {
  expect(() => functionFile('epoch_us', text)).toThrow(
    'store/functions/epoch_us.sql: expected one `create or replace function epoch_us(…)`',
  );
  expect(() => functionFile('epoch_us', text)).toThrow(found);
});

test.each([
  ['drop function if exists a(text);', 'drops of functions'],
  ['-- A new one comes.\ndrop function if exists a(text);\ndrop procedure if exists b();\n', 'drops of functions'],
  // New installations never had it: without "if exists" they would stop here.
  ['drop function a(text);', 'transaction'],
  ['drop function if exists a(text);\nalter table t add column x text;', 'transaction'],
])('a migration of nothing but drops of functions waits for those that take their place: %j', (sql, kind) => {
  expect(stepsOf(sql).kind).toBe(kind);
});
