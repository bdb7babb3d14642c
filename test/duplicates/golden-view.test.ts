import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { RowRef } from '../../core/duplicates.ts';
import type { Survivor } from '../../definitions/duplicates.ts';
import type { ColumnType } from '../../core/column.ts';
import { targetDialect } from '../../landing/golden-dialects.ts';
import { goldenSql, type Golden } from '../../landing/golden-sql.ts';
import { ensureGoldenViews } from '../../landing/golden-view.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { openSession } from '../../matching/session.ts';
import { duckdbRowIdSql } from '../../targets/duckdb/row-id.ts';
import { duckdbTypes } from '../../targets/duckdb/types.ts';
import { postgresTypes } from '../../targets/postgres/column-types.ts';
import { rowIdSql } from '../../targets/postgres/row-id.ts';
import { readPairValues } from '../../store/duplicates/pair-values.ts';
import { transaction } from '../../store/session/transaction.ts';
import { aStream, runAll } from '../landing/run-of.ts';
import { defineStream } from '../support/define-stream.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';
import { applyPairs, planPairs } from './apply-pairs.ts';

const used = usePool(4);
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    text: { type: ['string', 'null'] },
    at: { type: 'string', format: 'date-time' },
    seen: { type: 'integer' },
  },
} as const;

let crm: CompiledStream;
let shop: CompiledStream;
const nameOf = (stream: CompiledStream): string => `${stream.partner.name}.orders`;

beforeAll(async () => {
  crm = aStream({ schema, deletes: { field: 'gone', as: 'soft' } });
  shop = aStream({ schema });
  await runAll(postgresWarehouse(used.pool), crm, [
    [
      { id: 'a', v: 1, text: 'Anna', at: '2026-01-03T00:00:00Z' },
      { id: 'b', v: 1, text: '', at: '2026-01-09T00:00:00Z' },
      { id: 'c', v: 1, text: 'Anna', at: '2026-01-01T00:00:00Z' },
      { id: 'alone', v: 1, text: null, at: '2026-01-01T00:00:00Z' },
      { id: 'gone', v: 1, text: 'the longest of all texts', at: '2026-02-01T00:00:00Z', gone: true },
    ],
  ]);
  await runAll(postgresWarehouse(used.pool), shop, [[{ id: 'd', v: 1, text: 'Annabel', at: '2026-01-05T00:00:00Z' }]]);
  const pair = (left: string, right: string, of = crm) => ({
    left: { stream: nameOf(crm), row: left },
    right: { stream: nameOf(of), row: right },
    ...{ rule: 'same', weight: 1, probability: 1, levels: {} },
  });
  await applyPairs(used.pool, {
    name: 'people',
    pairs: [pair('a', 'b'), pair('b', 'c'), pair('c', 'd', shop), pair('a', 'gone')],
  });
});

const golden = (survivor: Survivor, more: Partial<Golden['settings']> = {}): Golden => ({
  name: 'people',
  settings: {
    from: [
      { stream: nameOf(crm), fields: { text: 'text' }, changed: 'at' },
      { stream: nameOf(shop), fields: { text: 'text' }, changed: 'at' },
    ],
    survivors: { default: survivor },
    ...more,
  },
  streams: new Map([crm, shop].map((stream) => [nameOf(stream), stream])),
});
const ensure = (of: Golden): Promise<void> => transaction(used.pool, (client) => ensureGoldenViews(client, of));
const merged = async (): Promise<unknown> =>
  (await used.pool.query('select * from golden.people where members > 1')).rows[0];

test.each([
  ['newest', 'Annabel'],
  ['longest', 'Annabel'],
  ['source', 'Anna'],
  ['mostFrequent', 'Anna'],
] as const)('%s: an empty text and a row that is gone say nothing', async (survivor, text) => {
  await ensure(golden(survivor));
  expect(await merged()).toMatchObject({ members: 4, text });
});

const inDuckdb = (type: ColumnType): string => duckdbTypes[type];
const asText = (value: unknown): string =>
  value === null
    ? 'null'
    : `'${String(value instanceof Date ? value.toISOString() : (value as string | number)).replaceAll("'", "''")}'`;

test.each(['newest', 'longest', 'source', 'mostFrequent'] as const)(
  '%s: DuckDB says the same of the same rows and links',
  async (survivor) => {
    const of = golden(survivor);
    await ensure(of);
    const session = await openSession({ folder: folder.path, memoryLimit: '128MB', threads: 1 });
    try {
      await session.run(
        'create schema golden; create table golden.people_links (stream varchar, "row" varchar, entity uuid)',
      );
      const { rows: links } = await used.pool.query('select stream, row, entity from duplicate_members');
      for (const { stream, row, entity } of links as Record<string, string>[])
        await session.run(`insert into golden.people_links values (${[stream, row, entity].map(asText).join(', ')})`);
      for (const { schema: own, table, columns } of [crm, shop]) {
        const all = [
          ...columns.map(({ name, type }) => ({ name, type: inDuckdb(type) })),
          { name: '_event', type: 'bigint' },
          { name: '_deleted_at', type: 'timestamptz' },
        ];
        const name = `"${own}"."${table}"`;
        await session.run(
          `create schema if not exists "${own}"; create table ${name} (${all.map((column) => `"${column.name}" ${column.type}`).join(', ')})`,
        );
        const { rows } = await used.pool.query<Record<string, unknown>>(`select * from ${name}`);
        for (const row of rows)
          await session.run(`insert into ${name} values (${all.map((column) => asText(row[column.name])).join(', ')})`);
      }
      const sql = goldenSql(of, targetDialect('duckdb', ['golden', 'people_links']));
      const said = await session.rows(
        `select entity::varchar, members, array_to_string("rows", ','), text from (${sql.golden}) order by 1`,
      );
      const { rows } = await used.pool.query(
        `select entity::text, members, array_to_string(rows, ',') as rows, text from golden.people order by entity::text collate "C"`,
      );
      expect(said.length).toBeGreaterThan(1);
      expect(said).toEqual(rows.map((row) => Object.values(row as object)));
      const each = await session.rows(`select stream, "row", entity::varchar, merged from (${sql.rows}) order by 1, 2`);
      const { rows: expected } = await used.pool.query(
        `select stream, row, entity::text, merged from golden.people_rows order by 1, 2`,
      );
      expect(each).toEqual(expected.map((row) => Object.values(row as object)));
    } finally {
      await session.close();
    }
  },
);

test('DuckDB names a row as the store does, whatever its key is made of', async () => {
  const keys = { name: 'string', n: 'integer', is: 'boolean', day: 'date', at: 'date-time' } as const;
  const of = defineStream(
    {
      primaryKey: Object.keys(keys),
      schema: {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(keys).map(([name, type]) => [
            name,
            type.startsWith('date') ? { type: 'string', format: type } : { type },
          ]),
        ),
      },
    },
    { name: 'odd' },
  );
  const values = (type: (of: ColumnType) => string): string =>
    of.keyColumns
      .map(
        (column) =>
          `${{ name: String.raw`'ö "x" \ '' / 😀'`, n: '-7', is: 'true', day: `'2026-01-02'`, at: `'2026-03-04T05:06:07.5+02:00'` }[column.name]}::${type(column.type)} as "${column.name}"`,
      )
      .join(', ');
  const session = await openSession({ folder: folder.path, memoryLimit: '128MB', threads: 1 });
  try {
    const [found] = await session.rows(`select ${duckdbRowIdSql(of, 't')} from (select ${values(inDuckdb)}) t`);
    const { rows } = await used.pool.query(
      `select ${rowIdSql(of, 't')} as id from (select ${values((type) => postgresTypes[type])}) t`,
    );
    expect(found).toEqual([rows[0]?.id]);
    expect(rows[0]?.id).toContain('😀');
  } finally {
    await session.close();
  }
});

test('a row that is merged with no other is a golden record of its own', async () => {
  await ensure(golden('newest'));
  const { rows } = await used.pool.query('select members, rows, text from golden.people where members = 1');
  expect(rows).toEqual([{ members: 1, rows: [`${nameOf(crm)} alone`], text: null }]);
  const { rows: each } = await used.pool.query(
    `select g.members, count(*)::integer as rows from golden.people_rows r join golden.people g using (entity) group by 1, g.entity order by 1`,
  );
  expect(each).toEqual([
    { members: 1, rows: 1 },
    { members: 4, rows: 4 },
  ]);
});

test("a function of one's own gets the values, the newest first", async () => {
  await used.pool.query(
    `create function public.last_of(text[]) returns text language sql as $$ select $1[array_length($1, 1)] $$`,
  );
  await ensure(golden({ function: 'public.last_of' }));
  expect(await merged()).toMatchObject({ text: 'Anna' });
});

test('a counter says what is newer, as a time does', async () => {
  const from = [{ stream: nameOf(crm), fields: { text: 'text' }, changed: 'v' }];
  await ensure(golden('newest', { from }));
  expect(await merged()).toMatchObject({ members: 3, text: 'Anna' });
});

test('rights stay when the view gets other columns, and a view of somebody else is left alone', async () => {
  await used.pool.query('drop role if exists golden_reader');
  await used.pool.query('create role golden_reader');
  await ensure(golden('newest'));
  await used.pool.query('grant select on golden.people to golden_reader');
  const from = [{ stream: nameOf(crm), fields: { first: 'text', v: 'v' }, changed: undefined }];
  await ensure(golden('newest', { from }));
  const { rows } = await used.pool.query(
    `select has_table_privilege('golden_reader', 'golden.people', 'select') as may, (select array_agg(attname::text order by attnum) from pg_attribute where attrelid = 'golden.people'::regclass) as columns`,
  );
  expect(rows).toEqual([{ may: true, columns: ['entity', 'members', 'rows', 'first', 'v'] }]);
  await used.pool.query('create view golden.mine as select 1 as one');
  await expect(ensure(golden('newest', { view: 'golden.mine' }))).rejects.toThrow(
    'golden.mine is there and is not ours',
  );
  await used.pool.query('revoke select on golden.people from golden_reader; drop role golden_reader');
});

const record = (n: number) => ({
  n,
  price: 1.5,
  at: '2026-01-03T04:05:06.5Z',
  day: '2026-02-03',
  text: `"quoted" ${n}`,
});

test('rows of a plan are found by keys of every type, also of several parts, and after the key has another type', async () => {
  const parts = aStream({
    schema: {
      type: 'object',
      properties: {
        n: { type: 'integer' },
        price: { type: 'number' },
        at: { type: 'string', format: 'date-time' },
        day: { type: 'string', format: 'date' },
        text: { type: 'string' },
      },
    },
    primaryKey: ['n', 'price', 'at', 'day', 'text'],
  });
  await runAll(postgresWarehouse(used.pool), parts, [[record(1), record(2)]]);
  const table = `"${parts.schema}"."${parts.table}"`;
  const { rows } = await used.pool.query<{ row: string }>(
    `select ${rowIdSql(parts, 't')} as row from ${table} t order by n`,
  );
  const stream = `${parts.partner.name}.${parts.name}`;
  const [left, right] = rows.map(({ row }) => ({ stream, row })) as [RowRef, RowRef];
  const plan = await planPairs(used.pool, {
    name: 'parts',
    pairs: [{ left, right, rule: 'same', weight: 1, probability: 1, levels: {} }],
    from: [{ stream, fields: { said: 'text', other: 'no_such_column' } }],
  });
  const read = async (): Promise<readonly unknown[]> => {
    const found = await readPairValues(used.pool, { plan, pairs: [{ pair: 1 }] });
    return [found.of(left), found.of(right), found.of({ stream, row: 'none' })];
  };
  const expected = [{ said: '"quoted" 1', other: null }, { said: '"quoted" 2', other: null }, undefined];
  expect(await read()).toEqual(expected);
  expect(await readPairValues(used.pool, { plan, pairs: [{ pair: 2 }] })).toEqual(
    await readPairValues(used.pool, { plan: 0, pairs: [] }),
  );
  await used.pool.query(`alter table ${table} alter column n type text using 'n' || n`);
  expect(await read()).toEqual([undefined, undefined, undefined]);
  await used.pool.query(
    `alter table ${table} alter column n type bigint using substr(n, 2)::bigint, alter column text type bigint using right(text, 1)::bigint`,
  );
  expect(await read()).toEqual([undefined, undefined, undefined]);
});
