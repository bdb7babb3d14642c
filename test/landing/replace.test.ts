import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { start, writeCheckpoint } from '../../core/checkpoint.ts';
import { GiveUp } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { rowsOf, runAll, runOf } from './run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

let partners = 0;
const nextName = (): string => `acme${++partners}`;
const aStream = (definition: Partial<StreamInput> = {}, name = nextName()): CompiledStream =>
  defineStream({ disposition: 'replace', ...definition }, { name });

const order = (id: string, v = 1): unknown => ({ id, v, text: `${id} ${v}` });
const ids = async (stream: CompiledStream): Promise<unknown[]> =>
  (await rowsOf(pool, stream)).map((row) => row['text']);
const tables = async (stream: CompiledStream): Promise<string[]> => {
  const { rows } = await pool.query<{ tablename: string }>(
    'select tablename from pg_tables where schemaname = $1 order by 1',
    [stream.partner.name],
  );
  return rows.map(({ tablename }) => tablename);
};

describe('a replace', () => {
  test('whose run is half-way when its transforms change does not go on: its rows would be of two kinds', async () => {
    const of = (stream: CompiledStream, transforms: StreamInput['transforms']): CompiledStream =>
      aStream({ transforms }, stream.partner.name);
    const masked = aStream({ transforms: { text: { mask: true } } });
    await (await runOf(warehouse, masked)).commit((await runOf(warehouse, masked)).page([order('a')]));
    await expect(runOf(warehouse, of(masked, { text: { drop: true } }))).rejects.toThrow('made by other transforms');
    await expect(runOf(warehouse, of(masked, undefined))).rejects.toThrow('made by other transforms');
    expect(await runOf(warehouse, masked)).toMatchObject({ opened: { report: { pages: 1 } } });
  });

  test('shows the old table until it is complete, then the new one', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b'), order('c')]]);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('b', 2), order('c')]));
    expect(await ids(stream)).toEqual(['a 1', 'b 1', 'c 1']);
    await run.commit(run.page([order('d')]));
    expect(await ids(stream)).toEqual(['a 1', 'b 1', 'c 1']);
    expect(await run.finish()).toMatchObject({
      outcome: 'ok',
      removed: 1,
      counts: { fetched: 3, inserted: 1, updated: 1, unchanged: 1 },
    });
    expect(new Set(await ids(stream))).toEqual(new Set(['b 2', 'c 1', 'd 1']));
    expect(await tables(stream)).toEqual(['orders']);
  });

  test('keeps views and rights on the table, and does not touch rows that are as they were', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const { name } = stream.partner;
    await pool.query(`create view ${name}.texts as select text from ${name}.orders`);
    const place = async (): Promise<unknown> =>
      (await pool.query(`select ctid, _event, _loaded_at from ${name}.orders where id = 'a'`)).rows;
    const before = await place();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a'), order('b', 2)]));
    await run.finish();
    expect((await pool.query(`select text from ${name}.texts order by 1`)).rows).toEqual([
      { text: 'a 1' },
      { text: 'b 2' },
    ]);
    expect(await place()).toEqual(before);
  });

  test('takes even an older version, since the listing says what is', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 5)], [order('a', 4)]]);
    expect(await ids(stream)).toEqual(['a 4']);
  });

  test.each([
    ['is empty', []],
    ['shrank to less than half', [order('a', 2)]],
  ])('that %s is suspect and leaves the old table', async (_what, listing) => {
    const stream = aStream();
    const [, second] = await runAll(warehouse, stream, [[order('a'), order('b'), order('c')], listing]);
    expect(second).toMatchObject({ outcome: 'suspect', removed: 0 });
    expect(await ids(stream)).toEqual(['a 1', 'b 1', 'c 1']);
    const third = await runOf(warehouse, stream);
    await third.commit(third.page([order('a'), order('b')]));
    expect(await third.finish()).toMatchObject({ outcome: 'ok', removed: 1 });
    expect(await ids(stream)).toEqual(['a 1', 'b 1']);
    expect(await tables(stream)).toEqual(['orders']);
  });

  test('that the partner says is unchanged leaves the table', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([], { notModified: true, after: writeCheckpoint({ ...start, done: true }) }));
    expect(await warehouse.finishStream({ stream, run: run.opened.run })).toMatchObject({
      outcome: 'ok',
      removed: 0,
    });
    expect(await ids(stream)).toEqual(['a 1', 'b 1']);
  });

  test('without a key exchanges all rows', async () => {
    const stream = aStream({ primaryKey: [], version: [] });
    await runAll(warehouse, stream, [
      [order('a'), order('a'), order('b')],
      [order('a'), order('c')],
    ]);
    expect(await ids(stream)).toEqual(['a 1', 'c 1']);
    expect(await tables(stream)).toEqual(['orders']);
  });

  test('fills a column that the definition gained, also in rows that did not change', async () => {
    const stream = aStream();
    const record = { id: 'a', v: 1, colour: 'red' };
    await runAll(warehouse, stream, [[record]]);
    const gained = aStream(
      { schema: { ...ordersSchema, properties: { ...ordersSchema.properties, colour: { type: 'string' } } } },
      stream.partner.name,
    );
    const run = await runOf(warehouse, gained);
    await run.commit(run.page([record]));
    expect((await run.finish()).counts).toMatchObject({ unchanged: 1 });
    expect(await rowsOf(pool, gained)).toMatchObject([{ id: 'a', colour: 'red', _extra: null }]);
  });

  test('goes on when the definition gains a column in its middle', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a')]));
    const gained = aStream(
      { schema: { ...ordersSchema, properties: { ...ordersSchema.properties, colour: { type: 'string' } } } },
      stream.partner.name,
    );
    const rest = await runOf(warehouse, gained);
    await rest.commit(rest.page([{ id: 'b', v: 1, colour: 'red' }]));
    await rest.finish();
    expect((await rowsOf(pool, gained)).map(({ id, colour }) => [id, colour])).toEqual([
      ['a', null],
      ['b', 'red'],
    ]);
  });

  test('goes on after a failure, but not once a newer run took its place', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a')]));
    const { syncId } = run.opened.run;
    await warehouse.failStream({ syncId, stream: stream.name, reason: 'the partner was away' });
    const again = await runOf(warehouse, stream);
    await again.commit(again.page([order('b')]));
    await warehouse.failStream({ syncId, stream: stream.name, reason: 'away again' });
    await runAll(warehouse, stream, [[order('n')]]);
    await expect(runOf(warehouse, stream)).rejects.toThrow(GiveUp);
    await expect(runOf(warehouse, stream)).rejects.toThrow(/--force/);
    expect(await ids(stream)).toEqual(['n 1']);
  });

  test('drops no table whose name only begins alike', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a')]]);
    await pool.query(`create table ${stream.partner.name}.orders__next_year ()`);
    await pool.query(`create table ${stream.partner.name}.orders__next_99 ()`);
    await runOf(warehouse, stream);
    const { run } = (await runOf(warehouse, stream, { window: '2026-11-25' })).opened;
    expect(await tables(stream)).toEqual([
      `_shadow_${run.streamId}_3`,
      'orders',
      'orders__next_99',
      'orders__next_year',
    ]);
  });

  test('leaves a stream alone that is called as its shadow was once', async () => {
    const stream = aStream();
    const { name } = stream.partner;
    // Runs 2 and 3 are where the names would meet.
    const others = [2, 3].map((n) =>
      aStream({ disposition: 'merge', table: `orders__next_${n}`, fullListing: false }, name),
    );
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const alike = others.map((other, i) => ({ ...other, name: `orders__next_${i + 2}` }));
    for (const other of alike) await runAll(warehouse, other, [[order('x'), order('y')]]);
    for (const [day, record] of [order('b', 2), order('c', 3)].entries()) {
      const run = await runOf(warehouse, stream, { window: `2026-04-0${day + 1}` });
      await run.commit(run.page([record]));
      await run.commit(run.page([order('d')]));
      await run.finish();
    }
    expect(await ids(stream)).toEqual(['d 1', 'c 3']);
    for (const other of alike) expect(await ids(other)).toEqual(['x 1', 'y 1']);
  });

  test('that an older version began, under the name it had then, goes on to its end', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const begun = await runOf(warehouse, stream);
    await begun.commit(begun.page([order('b', 2)]));
    const { streamId, runNo } = begun.opened.run;
    await pool.query(`alter table ${stream.partner.name}._shadow_${streamId}_${runNo} rename to orders__next_${runNo}`);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('c')]));
    await warehouse.failStream({ syncId: run.opened.run.syncId, stream: stream.name, reason: 'away' });
    const last = await runOf(warehouse, stream);
    await last.commit(last.page([order('d')]));
    expect(await last.finish()).toMatchObject({ outcome: 'ok', removed: 1 });
    expect(new Set(await ids(stream))).toEqual(new Set(['b 2', 'c 1', 'd 1']));
    expect(await tables(stream)).toEqual(['orders']);
  });

  test('that an older version left behind is dropped by the next one', async () => {
    const stream = aStream();
    const { streamId, runNo } = (await runOf(warehouse, stream)).opened.run;
    await pool.query(`alter table ${stream.partner.name}._shadow_${streamId}_${runNo} rename to orders__next_${runNo}`);
    await runOf(warehouse, stream, { window: '2026-11-25' });
    expect(await tables(stream)).toEqual([`_shadow_${streamId}_2`, 'orders']);
  });
});
