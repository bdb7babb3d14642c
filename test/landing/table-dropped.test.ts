import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { start, writeCheckpoint } from '../../core/checkpoint.ts';
import { GiveUp, NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport, Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { aStream as streamOf, ledgerOf, order as orderOf, rowsOf, runAll, runOf } from './run-of.ts';

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

const drop = (stream: CompiledStream, what = `table ${stream.partner.name}.${stream.table}`): Promise<unknown> =>
  pool.query(`drop ${what} cascade`);
/** Not a full listing: that nothing comes is no sign of doubt. */
const aStream = (definition: Partial<StreamInput> = {}, name?: string): CompiledStream =>
  streamOf({ fullListing: false, ...definition }, name);
const order = (id: string, v = 1, text?: string): unknown => orderOf(id, v, text);
const onAnotherDay = { window: '2026-03-01' };
/** A run in which the partner has nothing new. */
const emptyRun = async (stream: CompiledStream): Promise<StreamReport> =>
  (await runOf(warehouse, stream, onAnotherDay)).finish();
const withField = (field: Record<string, unknown>): Partial<StreamInput> => ({
  schema: { ...ordersSchema, properties: { ...ordersSchema.properties, ...field } },
});

/** Two days of pages: new, changed, older, equal and colliding records, texts that COPY minds, unknown fields. */
const listings = [0, 1].map((day) =>
  Array.from({ length: 40 }, (_, n) =>
    n % 9 === 4
      ? { id: `k${n % 7}`, v: n % 5, text: 'a\\b\tc\n"d" é', more: { day } }
      : order(`k${(n * 3) % 11}`, (n * (day + 1)) % 6, `t${(n + day) % 4}`),
  ),
);

const kinds = [
  ['merge', {}],
  ['merge without a version', { version: [] }],
  ['merge with a key of two fields', { primaryKey: ['id', 'v'], version: [] }],
  ['append', { disposition: 'append' }],
  ['append without a key', { disposition: 'append', primaryKey: [], version: [] }],
] satisfies [string, Partial<StreamInput>][];

describe('a table that somebody dropped', () => {
  test.each(kinds)('is made again as it was, row by row, from what was received: %s', async (_what, definition) => {
    const stream = aStream({ ...definition, ...twoKeys(definition) });
    await runAll(warehouse, stream, listings);
    const before = await rowsOf(pool, stream);
    const { events } = await ledgerOf(pool, stream);
    const came = (events as { operation: string }[]).filter(({ operation }) => operation === 'u');
    await drop(stream);
    const report = await emptyRun(stream);
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 0 } });
    expect(report.reason).toBe(
      `${stream.partner.name}.orders was gone: made again from ${came.length} events of the log`,
    );
    expect(await rowsOf(pool, stream)).toEqual(before);
    expect(before.length).toBeGreaterThan(5);
    expect((await ledgerOf(pool, stream))['events']).toEqual(events);
  });

  test('is made again with more events than one chunk holds, the older versions among them', async () => {
    const stream = aStream();
    for (const day of [1, 2, 3]) {
      const run = await runOf(warehouse, stream, { window: `2026-01-0${day}` });
      await run.commit(run.page(Array.from({ length: 800 }, (_, n) => order(`k${n % 900}`, (n * day) % 7, `${day}`))));
      await run.finish();
    }
    const before = await rowsOf(pool, stream);
    await drop(stream);
    await emptyRun(stream);
    expect(await rowsOf(pool, stream)).toEqual(before);
  });

  test('is made again with its schema, and its rows meet what comes then', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a', 2), order('b', 2), order('c', 2)]]);
    await drop(stream, `schema ${stream.partner.name}`);
    const run = await runOf(warehouse, stream, onAnotherDay);
    expect(await run.commit(run.page([order('a', 1), order('b', 2), order('c', 3), order('d', 1)]))).toMatchObject({
      inserted: 1,
      updated: 1,
      unchanged: 1,
      stale: 1,
    });
    await run.finish();
    expect((await rowsOf(pool, stream)).map(({ text }) => text)).toEqual(['a 2', 'b 2', 'c 3', 'd 1']);
  });

  test('in the middle of a run is made again by the next grant, and the run goes on', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a')]]);
    const run = await runOf(warehouse, stream, onAnotherDay);
    await run.commit(run.page([order('b')]));
    await drop(stream);
    const page = run.page([order('c')]);
    await expect(run.commit(page)).rejects.toThrow(RetryLater);
    await expect(run.commit(page)).rejects.toMatchObject({
      afterMs: 0,
      message: expect.stringMatching(/\.orders.* is gone/),
    });
    await runOf(warehouse, stream, onAnotherDay);
    expect(await run.commit(page)).toMatchObject({ inserted: 1 });
    expect(await run.finish()).toMatchObject({
      outcome: 'ok',
      counts: { inserted: 2 },
      reason: expect.stringMatching(/made again from 2 events/),
    });
    expect((await rowsOf(pool, stream)).map(({ text }) => text)).toEqual(['a 1', 'b 1', 'c 1']);
  });

  test('is made again once, whichever of four workers comes first', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    await drop(stream);
    await Promise.all([1, 2, 3, 4].map((day) => runOf(warehouse, stream, { window: `2026-02-0${day}` })));
    expect(await rowsOf(pool, stream)).toHaveLength(2);
  });

  test('has the value of the parent in its rows again', async () => {
    const stream = defineStream(
      {
        parent: { stream: 'orders', field: 'id', as: 'x', in: 'query', include: 'of' },
        primaryKey: ['of', 'id'],
        ...withField({ of: { type: 'string' } }),
      },
      { name: 'withparents' },
    );
    const run = await runOf(warehouse, stream);
    await run.commit(
      ...['p1', 'p2'].map((parent) =>
        run.page(
          [{ ...(order('a') as object), of: parent }],
          { parents: [parent] },
          {
            ordinal: 0,
            payload: JSON.stringify(order('a')),
          },
        ),
      ),
    );
    await run.finish();
    const before = await rowsOf(pool, stream);
    expect(before).toMatchObject([{ of: 'p1' }, { of: 'p2' }]);
    await drop(stream);
    await emptyRun(stream);
    expect(await rowsOf(pool, stream)).toEqual(before);
  });

  test('holds back what fits no longer, in quarantine, and the run says so', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), { id: 'b', v: 1, text: null }, order('c')]]);
    const narrow = aStream(withField({ text: { type: 'string' } }), stream.partner.name);
    await drop(stream);
    const report = await emptyRun(narrow);
    expect(report).toMatchObject({
      outcome: 'partial',
      reason: expect.stringMatching(/made again from 3 events.* 1 of them no longer fit/),
    });
    expect((await rowsOf(pool, narrow)).map(({ id }) => id)).toEqual(['a', 'c']);
    expect((await ledgerOf(pool, narrow))['quarantine']).toMatchObject([
      { page: 1, ordinal: 1, key: 'b', path: 'text', status: 'held', payload: '{"id":"b","v":1,"text":null}' },
    ]);
  });

  test('that was given another name in the definition is not filled from the log: the next run reads all', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const moved = aStream({ table: 'orders_v2' }, stream.partner.name);
    expect(await emptyRun(moved)).toMatchObject({ reason: null });
    expect(await rowsOf(pool, moved)).toEqual([]);
  });
});

/** A key of two fields needs both in each record. */
const twoKeys = ({ primaryKey }: Partial<StreamInput>): Partial<StreamInput> =>
  primaryKey?.length === 2 ? { schema: { ...ordersSchema, required: ['id', 'v'] } } : {};

describe('a column that somebody dropped', () => {
  test.each(kinds.filter(([what]) => !what.includes('two')))(
    'is filled again from the log: %s',
    async (_what, definition) => {
      const stream = aStream(definition);
      await runAll(warehouse, stream, listings);
      const before = await rowsOf(pool, stream);
      await pool.query(`alter table ${stream.partner.name}.orders drop column text`);
      expect(await emptyRun(stream)).toMatchObject({
        outcome: 'ok',
        reason: expect.stringMatching(/lacked text: filled from the log/),
      });
      expect(await rowsOf(pool, stream)).toEqual(before);
    },
  );

  test('of a replace is filled from the log, too, and no row comes back that was gone', async () => {
    const stream = aStream({ disposition: 'replace' });
    await runAll(warehouse, stream, [
      [order('a'), order('b'), order('c')],
      [order('b'), order('c', 2)],
    ]);
    const before = await rowsOf(pool, stream);
    await pool.query(`alter table ${stream.partner.name}.orders drop column text`);
    await runOf(warehouse, stream, onAnotherDay);
    expect(await rowsOf(pool, stream)).toEqual(before);
  });

  test('is filled from the log when the definition gained another one at the same time', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[{ ...(order('a') as object), colour: 'red' }]]);
    await pool.query(`alter table ${stream.partner.name}.orders drop column text`);
    const gained = aStream(withField({ colour: { type: 'string' } }), stream.partner.name);
    await emptyRun(gained);
    expect(await rowsOf(pool, gained)).toMatchObject([{ id: 'a', text: 'a 1', colour: 'red', _extra: null }]);
  });

  test('in the middle of a run is filled by the next grant', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream, onAnotherDay);
    await run.commit(run.page([order('a')]));
    await pool.query(`alter table ${stream.partner.name}.orders drop column text`);
    const page = run.page([order('b')]);
    await expect(run.commit(page)).rejects.toThrow(RetryLater);
    await runOf(warehouse, stream, onAnotherDay);
    await run.commit(page);
    expect((await rowsOf(pool, stream)).map(({ text }) => text)).toEqual(['a 1', 'b 1']);
  });

  test('that says where rows come from, or is of the key, is named with the cure', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a')]]);
    await pool.query(`alter table ${stream.partner.name}.orders drop column id, add column id text`);
    await expect(emptyRun(stream)).rejects.toThrow(NeedsAttention);
    await expect(emptyRun(stream)).rejects.toThrow(/the primary key of \w+\.orders is \(\).*drop the table/);
    await pool.query(`alter table ${stream.partner.name}.orders drop column _hash`);
    await expect(emptyRun(stream)).rejects.toThrow(/column \w+\.orders\._hash is gone.*drop the table/);
    await drop(stream);
    await emptyRun(stream);
    expect(await rowsOf(pool, stream)).toMatchObject([{ id: 'a', text: 'a 1' }]);
  });
});

describe('a replace', () => {
  const validators = { urlHash: 'u', etag: '"1"', lastModified: null };

  test('whose table was dropped has it again from the log, and asks without conditions', async () => {
    const stream = aStream({ disposition: 'replace' });
    await runAll(warehouse, stream, [[order('a'), order('b'), order('c')]]);
    const first = await runOf(warehouse, stream, { window: '2026-02-01' });
    await first.commit(first.page([order('a', 2), order('b')], { validators }));
    await first.finish();
    const before = await rowsOf(pool, stream);
    await drop(stream);
    const run = await runOf(warehouse, stream, onAnotherDay);
    expect(run.opened.validators).toBeNull();
    expect(await rowsOf(pool, stream)).toEqual(before);
    await run.commit(run.page([order('b'), order('c')]));
    expect(await run.finish()).toMatchObject({ outcome: 'ok', removed: 1 });
    expect(new Set((await rowsOf(pool, stream)).map(({ text }) => text))).toEqual(new Set(['b 1', 'c 1']));
  });

  test('from before the sweeps, whose table was dropped, asks without conditions, stays empty until the swap, and says so to its children', async () => {
    const stream = aStream({ disposition: 'replace' });
    const first = await runOf(warehouse, stream, { window: '2026-01-01' });
    await first.commit(first.page([order('a'), order('b')], { validators }));
    await first.finish();
    await pool.query('update streams set swept = null, swept_rows = null where partner = $1', [stream.partner.name]);
    const parents = async (): Promise<readonly string[]> =>
      (await warehouse.parentValues({ parent: stream, fields: ['id'], after: null, limit: 9, run: null })).values;
    await drop(stream);
    await expect(parents()).rejects.toThrow(NeedsAttention);
    await expect(parents()).rejects.toThrow(/\.orders, which was dropped, .*syncline sync/);
    const run = await runOf(warehouse, stream, onAnotherDay);
    expect(run.opened.validators).toBeNull();
    await run.commit(run.page([order('b'), order('c')]));
    expect(await rowsOf(pool, stream)).toEqual([]);
    await run.finish();
    expect(await parents()).toEqual(['b', 'c']);
  });

  test('whose table is dropped in its middle ends with all of it', async () => {
    const stream = aStream({ disposition: 'replace' });
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    const run = await runOf(warehouse, stream, onAnotherDay);
    await run.commit(run.page([order('a')]));
    await drop(stream);
    const page = run.page([order('b'), order('c')]);
    await expect(run.commit(page)).rejects.toThrow(RetryLater);
    await runOf(warehouse, stream, onAnotherDay);
    await run.commit(page);
    await run.finish();
    expect(new Set((await rowsOf(pool, stream)).map(({ text }) => text))).toEqual(new Set(['a 1', 'b 1', 'c 1']));
  });

  test('whose table is dropped just before the swap ends with all of it', async () => {
    const stream = aStream({ disposition: 'replace' });
    const run = await runOf(warehouse, stream, onAnotherDay);
    await run.commit(run.page([order('a')], { after: writeCheckpoint({ ...start, done: true }) }));
    await drop(stream);
    const finish = (): Promise<StreamReport> => warehouse.finishStream({ stream, run: run.opened.run });
    await expect(finish()).rejects.toThrow(RetryLater);
    await runOf(warehouse, stream, onAnotherDay);
    await finish();
    expect(await rowsOf(pool, stream)).toMatchObject([{ id: 'a' }]);
  });

  test('whose gathered rows were dropped names the cure', async () => {
    const stream = aStream({ disposition: 'replace' });
    const run = await runOf(warehouse, stream, onAnotherDay);
    await run.commit(run.page([order('a')]));
    const { streamId, runNo } = run.opened.run;
    await drop(stream, `table ${stream.partner.name}._shadow_${streamId}_${runNo}`);
    await expect(run.commit(run.page([order('b')]))).rejects.toThrow(RetryLater);
    await expect(runOf(warehouse, stream, onAnotherDay)).rejects.toThrow(GiveUp);
    await expect(runOf(warehouse, stream, onAnotherDay)).rejects.toThrow(/was dropped.*--force/);
  });
});

describe('parents', () => {
  test('in a table that was dropped are made again before they are asked for', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    await drop(stream);
    expect(
      await warehouse.parentValues({ parent: stream, fields: ['id'], after: null, limit: 9, run: null }),
    ).toMatchObject({
      values: ['a', 'b'],
    });
  });

  test('that were never read are named', async () => {
    const stream = aStream();
    const values = warehouse.parentValues({ parent: stream, fields: ['id'], after: null, limit: 9, run: null });
    await expect(values).rejects.toThrow(NeedsAttention);
    await expect(values).rejects.toThrow(/\.orders, which was never read: run `syncline sync/);
  });
});
