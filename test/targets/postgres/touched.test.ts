import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { Target } from '../../../targets/target.ts';
import { openPostgres } from '../../../targets/postgres/open-postgres.ts';
import { makesTouched } from '../../../targets/postgres/touched.ts';
import { changesOf, orders, rowOf, valuesOf } from '../../support/target-rows.ts';
import { useKind } from '../kinds.ts';

const warehouse = useKind('postgres');
const targets: Target[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const target of targets.splice(0)) await target.close();
  for (const client of clients.splice(0)) await client.end();
});

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  clients.push(client);
  await client.connect();
  return client;
}

interface Loaded {
  readonly target: Target;
  /** Somebody who has nothing to do with Syncline. */
  readonly person: Client;
  readonly url: string;
}

/** `acme.orders` with rows 1 to 3. */
async function loaded(): Promise<Loaded> {
  const definition = await warehouse.declare();
  if (definition.type !== 'postgres') throw new Error('not a PostgreSQL');
  const target = openPostgres({ name: 'twin', url: definition.url });
  targets.push(target);
  await target.open(orders);
  await target.apply(
    orders,
    changesOf(
      0,
      [1, 2, 3].map((n) => rowOf(n, [String(n), 'new', null])),
    ),
  );
  return { target, person: await connect(definition.url), url: definition.url };
}

const changeOf = async (target: Target): Promise<string | undefined> => (await target.open(orders)).changed;

const copied = (id: number): string =>
  `insert into acme.orders select ${id}, status, amount, _event, _page, _ordinal, _run, _version, _hash from acme.orders where id = 1`;

test.each([
  ['deleted', ['delete from acme.orders where id = 2']],
  ['inserted', [copied(7)]],
  [
    'inserted',
    [
      'truncate acme.orders',
      `insert into acme.orders (id, _event, _page, _ordinal, _run, _hash) select n, n, 1, n, 1, gen_random_uuid() from generate_series(1, 3) n`,
    ],
  ],
  ['deleted', ['begin', 'delete from acme.orders where id = 2', copied(2), 'commit']],
  ['deleted', ['begin', 'savepoint a', copied(7), 'rollback to a', 'delete from acme.orders where id = 1', 'commit']],
  ['inserted', ['begin', 'savepoint a', copied(7), 'release a', 'savepoint b', copied(8), 'rollback to b', 'commit']],
])('rows that somebody has %s are noticed with who did it: %j', async (how, statements) => {
  const { target, person } = await loaded();
  for (const statement of statements) await person.query(statement);
  const { rows } = await person.query<{ name: string }>('select session_user as name');
  const said = new RegExp(`^the role ${rows[0]?.name} ${how} rows at 20\\d\\d-\\S+ \\S+ UTC$`);
  expect(await changeOf(target)).toMatch(said);
  // Whatever is done afterwards.
  expect(await changeOf(target)).toBe('a load has found that somebody had changed it');
  await expect(target.apply(orders, changesOf(3, [rowOf(4, ['4', 'new', null])]))).rejects.toThrow(
    'somebody has changed',
  );
});

test.each([
  ['no row is touched', ['delete from acme.orders where id = 99', `${copied(1)} on conflict do nothing`]],
  ['it is rolled back', ['begin', copied(7), 'delete from acme.orders where id = 1', 'rollback']],
  ['it is rolled back to a savepoint', ['begin', 'savepoint a', copied(7), 'rollback to a', 'commit']],
  ['columns of their own are filled', ['alter table acme.orders add mine text', `update acme.orders set mine = 'x'`]],
  [
    'the table is written anew',
    ['vacuum full acme.orders', 'vacuum (freeze, analyze) acme.orders', 'reindex table acme.orders'],
  ],
  ['what PostgreSQL counts is forgotten', ['select pg_stat_reset()', 'analyze acme.orders']],
  ['they read', ['select * from acme.orders', 'create view acme.mine as select * from acme.orders']],
])('nothing is noticed where %s', async (_, statements) => {
  const { target, person } = await loaded();
  for (const statement of statements) await person.query(statement);
  expect(await changeOf(target)).toBeUndefined();
  const more = [rowOf(4, ['4', 'new', null]), rowOf(5, ['1', 'old', null])];
  await target.apply(orders, changesOf(3, more, { deletes: [['2']] }));
  expect(await changeOf(target)).toBeUndefined();
  expect(new Set((await valuesOf(target, orders)).map(([id]) => id))).toEqual(new Set(['1', '3', '4']));
});

test('whoever may only delete rows is noted, and can neither read nor remove the notes', async () => {
  const { target, person } = await loaded();
  await person.query(`do $$ begin
    if not exists (select from pg_roles where rolname = 'clumsy') then create role clumsy; end if; end $$`);
  await person.query('grant usage on schema acme to clumsy');
  await person.query('grant select, delete on acme.orders to clumsy');
  await person.query('set role clumsy');
  // A table of the same name that takes the note.
  await person.query('create temp table touched_tables (id text, how text, by text, at timestamptz)');
  await person.query('delete from acme.orders where id = 1');
  await expect(person.query('select * from syncline_target.touched_tables')).rejects.toThrow('permission denied');
  expect(await changeOf(target)).toMatch(/ deleted rows at /);
});

test('whoever writes while a load goes on is seen by the next one, and nobody waits for the note of another', async () => {
  const { target, person, url } = await loaded();
  const other = await connect(url);
  await person.query('begin');
  await person.query('delete from acme.orders where id = 1');
  await other.query('delete from acme.orders where id = 2');
  const { rows } = await other.query('select count(*)::int as notes from syncline_target.touched_tables');
  expect(rows).toEqual([{ notes: 1 }]);
  await other.query('delete from syncline_target.touched_tables');
  // What is not committed yet is not there.
  await target.apply(orders, changesOf(3, [rowOf(4, ['4', 'new', null])]));
  expect(await changeOf(target)).toBeUndefined();
  await person.query('commit');
  expect(await changeOf(target)).toMatch(/ deleted rows at /);
});

test('a table of before rows were watched, or whose trigger somebody took away, is watched from its next load on', async () => {
  const { target, person } = await loaded();
  await person.query('drop trigger syncline_touched on acme.orders');
  await person.query('drop table syncline_target.touched_tables; drop function syncline_target.note_touched()');
  await person.query('delete from acme.orders where id = 1');
  expect(await changeOf(target)).toBeUndefined();
  await person.query('alter table acme.orders disable trigger syncline_touched');
  expect(await changeOf(target)).toBeUndefined();
  await person.query('delete from acme.orders where id = 2');
  expect(await changeOf(target)).toMatch(/ deleted rows at /);
});

test('a role that may make nothing any more loads on, without notes', async () => {
  const { target, person, url } = await loaded();
  await person.query('drop trigger syncline_touched on acme.orders');
  await person.query('drop table syncline_target.touched_tables; drop function syncline_target.note_touched()');
  await person.query(`do $$ begin
    if not exists (select from pg_roles where rolname = 'modest') then create role modest login password 'modest'; end if; end $$`);
  await person.query('grant usage on schema acme, syncline_target to modest');
  await person.query('grant all on acme.orders, syncline_target.cursors to modest');
  const own = new URL(url);
  [own.username, own.password] = ['modest', 'modest'];
  const modest = openPostgres({ name: 'twin', url: own.href });
  targets.push(modest);
  expect(await modest.open(orders)).toMatchObject({ event: 3 });
  await modest.apply(orders, changesOf(3, [rowOf(4, ['4', 'new', null])]));
  expect(await valuesOf(target, orders)).toHaveLength(4);
});

test('a table beside that somebody touches begins again, once', async () => {
  const { target, person } = await loaded();
  const fill = { ...orders, place: 'fill' } as const;
  await target.open(fill);
  await target.apply(
    fill,
    changesOf(
      0,
      [1, 2].map((n) => rowOf(n, [String(n), 'new', null])),
    ),
  );
  await person.query('delete from acme."orders-fill" where id = 1');
  expect(await target.open(fill)).toMatchObject({ event: 0 });
  await target.apply(
    fill,
    changesOf(
      0,
      [1, 2, 3].map((n) => rowOf(n, [String(n), 'new', null])),
    ),
  );
  const { id, event } = await target.open(fill);
  expect(event).toBe(3);
  // It takes the place of the live one with its own id, and its rows are watched there.
  await person.query('delete from acme.orders where id = 3');
  const { id: over } = await target.open(orders);
  await target.swap(orders, { from: 'fill', id, over });
  expect(await changeOf(target)).toBeUndefined();
  expect(await valuesOf(target, orders)).toHaveLength(3);
  await person.query('delete from acme.orders where id = 3');
  expect(await changeOf(target)).toMatch(/ deleted rows at /);
  const { rows } = await person.query('select count(*)::int as notes from syncline_target.touched_tables');
  expect(rows).toEqual([{ notes: 1 }]);
});

const made = (text: string): string => text.slice(text.indexOf('create or replace function')).replace(/;\s*$/, '');

test('the store makes the same function by its migrations', async () => {
  const file = await readFile('store/functions/note_touched.sql', 'utf8');
  expect(made(makesTouched)).toBe(made(file));
});
