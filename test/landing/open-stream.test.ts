import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { z } from 'zod';
import { NeedsAttention } from '../../core/errors.ts';
import { writeParent } from '../../core/parent-values.ts';
import type { Kind } from '../../core/names.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { addColumns } from '../../landing/add-columns.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { ledgerOf, rowsOf, runAll, runOf } from './run-of.ts';

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
  defineStream(definition, { name });
const order = (id: string, v = 1): unknown => ({ id, v, text: `${id} ${v}` });
const withField = (field: Record<string, unknown>): Partial<StreamInput> => ({
  schema: { ...ordersSchema, properties: { ...ordersSchema.properties, ...field } },
});

describe('openStream', () => {
  test('counts the empty pages at the end of the ledger, so that a listing without an end is noticed over many grants', async () => {
    const stream = aStream();
    const emptyPages = async (): Promise<number> => (await runOf(warehouse, stream)).opened.emptyPages;
    const run = await runOf(warehouse, stream);
    expect(run.opened.emptyPages).toBe(0);
    await run.commit(run.page([]), run.page([]));
    expect(await emptyPages()).toBe(2);
    await run.commit(run.page([order('a')]), run.page([]));
    expect(await emptyPages()).toBe(1);
    // The end of a partition, such as a parent without children, begins the count anew.
    await run.commit(run.page([], { cursorOut: null }));
    expect(await emptyPages()).toBe(0);
  });

  test('knows what a night takes by the nights before it, and what a window of a backfill takes by other windows', async () => {
    const stream = aStream();
    const usual = async (window: string, kind: Kind): Promise<number | null> =>
      (await runOf(warehouse, stream, { window, kind })).opened.usualRequests;
    const night = await runOf(warehouse, stream, { window: '2026-01-10' });
    await night.commit(night.page([order('a')]), night.page([order('b')]));
    await night.finish();
    for (const day of [1, 2, 3, 4, 5, 6]) {
      const window = `2026-01-0${day}..2026-01-0${day}`;
      await (await runOf(warehouse, stream, { window, kind: 'backfill' })).finish();
    }
    expect(await usual('2026-01-11', 'nightly')).toBe(3);
    expect(await usual('2026-01-09..2026-01-09', 'backfill')).toBe(1);
  });

  test('begins a run once, however often and by how many at once it is asked', async () => {
    const stream = aStream();
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => runOf(warehouse, stream)));
    const again = await runOf(warehouse, stream);
    expect(runs.map(({ opened }) => opened)).toEqual(runs.map(() => again.opened));
    expect(again.opened.run.runNo).toBe(1);
    expect((await ledgerOf(pool, stream))['stream_runs']).toHaveLength(1);
  });

  test('registers many streams at once', async () => {
    const streams = Array.from({ length: 6 }, () => aStream());
    await Promise.all(streams.map((stream) => runAll(warehouse, stream, [[order('a')]])));
    for (const stream of streams) expect(await rowsOf(pool, stream)).toHaveLength(1);
  });

  test('goes on from the checkpoint after a failure, and counts on', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a')]));
    const failed = await warehouse.failStream({ syncId: run.opened.run.syncId, stream: stream.name, reason: 'away' });
    expect(failed).toMatchObject({ state: 'failed', outcome: 'failed', reason: 'away', pages: 1 });
    const again = await runOf(warehouse, stream);
    expect(again.opened).toMatchObject({ report: { state: 'running', outcome: null, reason: null, pages: 1 } });
    expect(again.opened.checkpoint.cursor).toBe('after 1');
    await again.commit(again.page([order('b')]));
    expect(await again.finish()).toMatchObject({ outcome: 'ok', pages: 3, counts: { fetched: 2, inserted: 2 } });
  });

  test('leaves a run that is done as it is, and so do failing and finishing it again', async () => {
    const stream = aStream();
    const [report] = await runAll(warehouse, stream, [[order('a')]]);
    const again = await runOf(warehouse, stream, { window: '2026-01-01' });
    expect(again.opened.report).toEqual(report);
    expect(await warehouse.failStream({ syncId: report!.syncId, stream: stream.name, reason: 'late' })).toEqual(report);
    expect(await warehouse.finishStream({ stream, run: again.opened.run })).toEqual(report);
    expect(await warehouse.streamReport('sync/nobody/orders/2026-01-01')).toBeNull();
  });

  test('gives a run its range once, from the watermark of the last good run', async () => {
    const incremental = { field: 'at', start: { as: 'since' }, initial: '2026-01-01T00:00:00Z' };
    const stream = aStream({ incremental, ...withField({ at: { type: 'string', format: 'date-time' } }) });
    const first = await runOf(warehouse, stream, { window: '2026-01-05' });
    expect(first.opened.range).toEqual({ from: '2026-01-01T00:00:00.000Z', to: '2026-01-06T00:00:00.000Z' });
    await first.commit(first.page([order('a')], { highMark: '2026-01-04T10:00:00.123456789Z' }));
    await first.commit(first.page([order('b')], { highMark: '2026-01-03T10:00:00.000000000Z' }));
    const meanwhile = await runOf(warehouse, stream, { window: '2026-01-06' });
    expect(meanwhile.opened.range?.from).toBe('2026-01-01T00:00:00.000Z');
    await first.finish();
    const second = await runOf(warehouse, stream, { window: '2026-01-07' });
    expect(second.opened.range).toEqual({ from: '2026-01-04T10:00:00.123Z', to: '2026-01-08T00:00:00.000Z' });
    expect((await runOf(warehouse, stream, { window: '2026-01-06' })).opened.range).toEqual(meanwhile.opened.range);
  });

  test('moves no watermark for a run that failed its budget', async () => {
    const incremental = { field: 'at', start: { as: 'since' }, initial: '2026-01-01T00:00:00Z' };
    const stream = aStream({ incremental });
    const run = await runOf(warehouse, stream, { window: '2026-01-05' });
    await run.commit(run.page([{}, order('a')], { highMark: '2026-01-04T10:00:00.000000000Z' }));
    expect(await run.finish()).toMatchObject({ outcome: 'failed', counts: { inserted: 1, quarantined: 1 } });
    const next = await runOf(warehouse, stream, { window: '2026-01-07' });
    expect(next.opened.range?.from).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('the target', () => {
  test('gains the columns that the definition gains', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a')]]);
    const gained = aStream(withField({ colour: { type: 'string' }, price: { type: 'number' } }), stream.partner.name);
    const run = await runOf(warehouse, gained, { window: '2026-02-01' });
    await run.commit(run.page([{ ...(order('a', 2) as object), colour: 'red', price: 1.5, size: 'XL' }]));
    expect(await rowsOf(pool, gained)).toMatchObject([
      { id: 'a', v: 2, colour: 'red', price: 1.5, _extra: { size: 'XL' } },
    ]);
  });

  test('fills them from what rows hold already; what is of another type, or what zod makes of it, stays where it is', async () => {
    const stream = aStream();
    const before = {
      ...(order('a') as object),
      ...{ colour: 'red', price: 1.25, count: 12, new: true, at: '2026-01-02T03:04:05Z', day: '2026-01-02', tags: [1] },
      size: 'XL',
    };
    const odd = {
      ...(order('b') as object),
      colour: 5,
      price: 'x',
      count: 1.5,
      new: 'no',
      at: '2026-13-45T00:00:00Z',
      day: 'Monday',
      tags: null,
    };
    await runAll(warehouse, stream, [[before, odd, order('c')]]);
    const fields = {
      ...{
        colour: { type: 'string' },
        price: { type: 'number' },
        count: { type: 'integer' },
        new: { type: 'boolean' },
      },
      ...{
        at: { type: 'string', format: 'date-time' },
        day: { type: 'string', format: 'date' },
        tags: { type: 'array' },
      },
    };
    await runOf(warehouse, aStream(withField(fields), stream.partner.name), { window: '2026-02-01' });
    const { rows } = await pool.query(
      `select id, colour, price::text, count::text, new, at, day::text, tags, _extra from ${stream.partner.name}.orders order by id`,
    );
    const { id: _id, v: _v, text: _text, tags: _tags, ...left } = odd as Record<string, unknown>;
    const none = { colour: null, price: null, count: null, new: null, at: null, day: null, tags: null };
    expect(rows).toEqual([
      {
        id: 'a',
        colour: 'red',
        price: '1.25',
        count: '12',
        new: true,
        at: new Date('2026-01-02T03:04:05Z'),
        day: '2026-01-02',
        tags: [1],
        _extra: { size: 'XL' },
      },
      { id: 'b', ...none, _extra: left },
      { id: 'c', ...none, _extra: null },
    ]);
  });

  test('fills them once, whichever of four workers comes first', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[{ ...(order('a') as object), colour: 'red', size: 'XL' }]]);
    const gained = aStream(withField({ colour: { type: 'string' } }), stream.partner.name);
    await Promise.all([1, 2, 3, 4].map((day) => runOf(warehouse, gained, { window: `2026-02-0${day}` })));
    expect(await rowsOf(pool, gained)).toMatchObject([{ id: 'a', colour: 'red', _extra: { size: 'XL' } }]);
  });

  test('adds them in a transaction of its own, and fills them later, also where the one that added them died', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[{ ...(order('a') as object), colour: 'red' }]]);
    const gained = aStream(withField({ colour: { type: 'string' } }), stream.partner.name);
    await addColumns(pool, gained);
    await addColumns(pool, gained);
    expect(await rowsOf(pool, gained)).toMatchObject([{ colour: null, _extra: { colour: 'red' } }]);
    // Without a change of the definition, too: somebody had dropped it.
    await pool.query('update syncline.streams set definition_version = $2 where partner = $1', [
      stream.partner.name,
      gained.definitionVersion,
    ]);
    await runOf(warehouse, gained, { window: '2026-02-01' });
    expect(await rowsOf(pool, gained)).toMatchObject([{ colour: 'red', _extra: null }]);
    expect((await ledgerOf(pool, stream))['streams']).toMatchObject([{ unfilled: [] }]);
  });

  test('leaves what only zod can make to the next reading', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[{ ...(order('a') as object), colour: ' red ' }]]);
    const zod = z.looseObject({
      id: z.string(),
      v: z.number().int(),
      colour: z.string().transform((text) => text.trim()),
    });
    await runOf(warehouse, aStream({ schema: zod }, stream.partner.name), { window: '2026-02-01' });
    const { rows } = await pool.query(`select colour, _extra ->> 'colour' as raw from ${stream.partner.name}.orders`);
    expect(rows).toEqual([{ colour: null, raw: ' red ' }]);
  });

  test('that is a new table is filled from the beginning, not from the watermark of the old one', async () => {
    const incremental = { field: 'at', start: { as: 'since' }, initial: '2026-01-01T00:00:00Z' };
    const of = (table: string): Partial<StreamInput> => ({
      incremental,
      table,
      ...withField({ at: { type: 'string', format: 'date-time' } }),
    });
    const stream = aStream(of('orders'));
    const first = await runOf(warehouse, stream, { window: '2026-01-05' });
    await first.commit(first.page([order('a')], { highMark: '2026-01-04T10:00:00.000000000Z' }));
    await first.finish();
    const moved = aStream(of('orders_v2'), stream.partner.name);
    const second = await runOf(warehouse, moved, { window: '2026-01-07' });
    expect(second.opened.range).toEqual({ from: '2026-01-01T00:00:00.000Z', to: '2026-01-08T00:00:00.000Z' });
    await second.commit(second.page([order('a')], { highMark: '2026-01-06T10:00:00.000000000Z' }));
    expect(await second.finish()).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    const third = await runOf(warehouse, moved, { window: '2026-01-08' });
    expect(third.opened.range?.from).toBe('2026-01-06T10:00:00.000Z');
  });

  test('of a stream that is no more is not gone on with by another one, which says so', async () => {
    const old = aStream({ table: 'sales' });
    await runAll(warehouse, old, [[order('a')]]);
    const renamed: CompiledStream = { ...old, name: 'sales' };
    await expect(runOf(warehouse, renamed)).rejects.toThrow(NeedsAttention);
    await expect(runOf(warehouse, renamed)).rejects.toThrow(
      /table \w+\.sales has the rows of stream orders: give stream sales another `table`, or drop that one/,
    );
    await pool.query(`drop table ${old.partner.name}.sales`);
    const run = await runOf(warehouse, renamed);
    await run.commit(run.page([order('b')]));
    await run.finish();
    await expect(runOf(warehouse, old, { window: '2026-02-02' })).rejects.toThrow(/sales has the rows of stream sales/);
    expect(await rowsOf(pool, renamed)).toMatchObject([{ id: 'b' }]);
  });

  test.each([
    ['syncline', /schema syncline is where a ledger of Syncline is/],
    ['pg_orders', /schema pg_orders is one of PostgreSQL itself/],
    ['information_schema', /schema information_schema is one of PostgreSQL itself/],
  ])('of a partner %s is refused: the schema is not free', async (name, says) => {
    await expect(runOf(warehouse, aStream({}, name))).rejects.toThrow(NeedsAttention);
    await expect(runOf(warehouse, aStream({}, name))).rejects.toThrow(says);
  });

  test('gains them in the middle of a run too, which goes on', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a')]));
    const gained = aStream(withField({ colour: { type: 'string' } }), stream.partner.name);
    const rest = await runOf(warehouse, gained);
    await rest.commit(rest.page([{ ...(order('a', 2) as object), colour: 'red' }]));
    expect(await rest.finish()).toMatchObject({ outcome: 'ok', counts: { inserted: 1, updated: 1 } });
  });

  test.each([
    [
      'a column of another type',
      withField({ v: { type: 'string' } }),
      /column \w+\.orders\.v is bigint, the definition says text/,
    ],
    [
      'another primary key',
      { primaryKey: ['id', 'v'] },
      /the primary key of \w+\.orders is \(id\), the definition makes it \(id, v\)/,
    ],
    ['no primary key', { primaryKey: [] }, /is \(id\), the definition makes it \(_event\)/],
    ['append instead of merge', { disposition: 'append' }, /is \(id\), the definition makes it \(_event\)/],
  ] satisfies [string, Partial<StreamInput>, RegExp][])(
    'asks for a person when the definition wants %s, and changes nothing',
    async (_what, change, says) => {
      const stream = aStream();
      await runAll(warehouse, stream, [[order('a')]]);
      const before = [await ledgerOf(pool, stream), await rowsOf(pool, stream)];
      const changed = aStream(change, stream.partner.name);
      await expect(runOf(warehouse, changed)).rejects.toThrow(NeedsAttention);
      await expect(runOf(warehouse, changed)).rejects.toThrow(says);
      expect([await ledgerOf(pool, stream), await rowsOf(pool, stream)]).toEqual(before);
    },
  );

  test('of two streams with long names that begin alike are told apart on one connection', async () => {
    const name = `a${'b'.repeat(39)}`;
    const one = openPool(database.url, 1);
    try {
      const narrow = postgresWarehouse(one);
      const streams = ['settled', 'pending'].map((end) =>
        aStream({ table: `${'transactions_'.repeat(2)}${end}` }, name),
      );
      await runAll(narrow, streams[0]!, [[order('a')]]);
      // Another table of the same stream: what its `table` was changed to.
      const run = await runOf(narrow, streams[1]!);
      expect(await run.commit(run.page([order('a')]))).toMatchObject({ inserted: 1 });
    } finally {
      await one.end();
    }
  });

  test('gives the values of a parent in batches, in order, each once', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('b'), order('a'), order('d'), { id: 'c' }, { id: '' }, { id: ' ' }]]);
    const values = async (field: string, after: string | null): Promise<readonly string[]> =>
      (await warehouse.parentValues({ parent: stream, fields: [field], after, limit: 3, run: null })).values;
    expect(await values('id', null)).toEqual(['a', 'b', 'c']);
    expect(await values('id', 'c')).toEqual(['d']);
    expect(await values('id', 'd')).toEqual([]);
    expect(await values('v', null)).toEqual(['1']);
    await expect(values('colour', null)).rejects.toThrow(/no column for "colour"/);
  });

  test('gives several fields of a parent as one, each combination once, in the order of the fields', async () => {
    const stream = aStream();
    const odd = ['"', "'", '\\', '\n', '\u0001', 'ü', ','].join('');
    const records = [
      { id: '1', v: 2, text: 'b' },
      { id: '2', v: 2, text: 'b' },
      { id: '3', v: 10, text: 'a' },
      { id: '4', v: 3, text: odd },
      { id: '5' },
    ];
    await runAll(warehouse, stream, [records]);
    const values = async (fields: readonly string[], after: string | null): Promise<readonly string[]> =>
      (await warehouse.parentValues({ parent: stream, fields, after, limit: 2, run: null })).values;
    const [b, theOdd, a] = [
      ['2', 'b'],
      ['3', odd],
      ['10', 'a'],
    ].map((tuple) => writeParent(['v', 'text'], tuple)) as [string, string, string];
    expect(await values(['v', 'text'], null)).toEqual([b, theOdd]);
    expect(await values(['v', 'text'], theOdd)).toEqual([a]);
    expect(await values(['v', 'text'], a)).toEqual([]);
    // Fields that the definition named in another order before.
    expect(await values(['text', 'v'], a)).toEqual([writeParent(['text', 'v'], ['b', '2'])]);
  });
});
