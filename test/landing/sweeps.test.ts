import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport, Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { ordersSchema } from '../support/define-stream.ts';
import { aStream as streamOf, order as orderOf, rowsOf, runAll, runOf } from './run-of.ts';

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

const aStream = (definition: Partial<StreamInput> = {}, name?: string): CompiledStream =>
  streamOf({ disposition: 'replace', fullListing: false, ...definition }, name);
const order = (id: string, v = 1): unknown => orderOf(id, v);
const at = (time: string, n: number): unknown => ({ at: time, n, text: `${n}` });
const bad = (id: string): unknown => ({ id, v: 'none' });

/** `d c 2`: operation, key, run. */
async function logOf(stream: CompiledStream): Promise<string[]> {
  const { rows } = await pool.query<{ text: string }>(
    `select concat_ws(' ', e.operation, e.key, case when e.operation = 'e' then e.payload::text else p.run_no::text end) as text
      from events e join streams s using (stream_id) join pages p on p.stream_id = e.stream_id and p.page_id = e.page
      where s.partner = $1 order by e.event`,
    [stream.partner.name],
  );
  return rows.map(({ text }) => text);
}

async function batchesOf(stream: CompiledStream): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    'select kind, run_no, fetched, inserted, updated, unchanged, deleted from batches where partner = $1 order by batch',
    [stream.partner.name],
  );
  return rows;
}

const sql = (stream: CompiledStream, text: string): Promise<unknown> =>
  pool.query(text.replaceAll('orders', `${stream.partner.name}.orders`));

/** The table as the log makes it: dropped, and made again by the next run. */
async function fromLog(stream: CompiledStream, window = '2026-08-01'): Promise<Record<string, unknown>[]> {
  await sql(stream, 'drop table orders');
  await runOf(warehouse, stream, { window });
  return rowsOf(pool, stream);
}

/** The last page of the run, and its end, as a worker of before the sweeps wrote them. */
async function endAsBefore(stream: CompiledStream, work: () => Promise<StreamReport>): Promise<void> {
  const of = `(select stream_id from streams where partner = '${stream.partner.name}')`;
  const { rows: before } = await pool.query<Record<string, string | null>>(
    `select last_event, last_page, swept, swept_rows from streams where stream_id = ${of}`,
  );
  await work();
  const { last_event = '0', last_page = '0', swept = null, swept_rows = null } = before[0] ?? {};
  await pool.query(`delete from events where stream_id = ${of} and operation in ('d', 'e') and event > $1`, [
    last_event,
  ]);
  await pool.query(`update events set operation = 'u' where stream_id = ${of} and operation = 's'`);
  await pool.query(`delete from pages where stream_id = ${of} and kind = 'sweep' and page_id > $1`, [last_page]);
  await pool.query(
    `update streams set swept = $1, swept_rows = $2, last_page = (select max(page_id) from pages where stream_id = ${of}),
        last_event = (select max(event) from events where stream_id = ${of}) where stream_id = ${of}`,
    [swept, swept_rows],
  );
  await pool.query(
    `update stream_runs set sweep = null where stream_id = ${of} and ($1::bigint is null or sweep is null or sweep > $1)`,
    [swept],
  );
}

describe('an event', () => {
  test('that is older than what was known says so, and one that is replayed from the quarantine comes with a batch of its kind', async () => {
    const stream = streamOf();
    await runAll(warehouse, stream, [
      [order('a', 2), order('a', 1), order('b')],
      [order('b', 0), order('a', 3)],
    ]);
    expect(await logOf(stream)).toEqual(['u a 1', 's a 1', 'u b 1', 's b 2', 'u a 2']);
    expect((await batchesOf(stream)).map(({ kind }) => kind)).toEqual(['page', 'page', 'page', 'page']);
  });
});

describe('the end of a listing', () => {
  test('is written into the log, with the keys that it did not have, as a batch that balances', async () => {
    const stream = aStream();
    const [, second] = await runAll(warehouse, stream, [
      [order('a'), order('b'), order('c')],
      [order('b'), order('d')],
    ]);
    expect(second).toMatchObject({
      removed: 2,
      pages: 2,
      counts: { fetched: 2, inserted: 1, unchanged: 1, deleted: 0 },
    });
    expect(await logOf(stream)).toEqual([
      'u a 1',
      'u b 1',
      'u c 1',
      'e {"run":1,"baseline":true}',
      'u d 2',
      'd a 2',
      'd c 2',
      'e {"run":2}',
    ]);
    expect((await batchesOf(stream)).filter(({ kind }) => kind === 'sweep')).toMatchObject([
      { run_no: 1, fetched: 0, deleted: 0 },
      { run_no: 2, fetched: 2, deleted: 2 },
    ]);
    const { rows } = await pool.query(
      `select last_event, last_page, swept, swept_rows from streams where partner = $1`,
      [stream.partner.name],
    );
    expect(rows).toEqual([{ last_event: '8', last_page: '6', swept: '8', swept_rows: '2' }]);
  });

  test('is written once, however often the run is ended', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a')]));
    await run.finish();
    const log = await logOf(stream);
    await warehouse.finishStream({ stream, run: run.opened.run });
    expect(await logOf(stream)).toEqual(log);
  });

  test('names no key while a record is in quarantine, nor when the listing is in doubt', async () => {
    const stream = aStream({ fullListing: true });
    const reports = await runAll(warehouse, stream, [
      [order('a'), order('b'), order('c'), order('d')],
      [order('a'), order('b'), bad('x')],
      [order('a')],
    ]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['ok', 'failed', 'suspect']);
    const generous = aStream({ fullListing: true, errorBudget: { count: 5, share: 1 } }, stream.partner.name);
    const run = await runOf(warehouse, generous);
    await run.commit(run.page([order('a', 2), order('b'), bad('x')]));
    expect(await run.finish()).toMatchObject({ outcome: 'partial', removed: 0 });
    expect(await logOf(stream)).toEqual([
      ...['a', 'b', 'c', 'd'].map((key) => `u ${key} 1`),
      'e {"run":1,"baseline":true}',
      'u a 4',
      'e {"run":4}',
    ]);
  });

  test('of a stream without a key stands for itself', async () => {
    const stream = aStream({ primaryKey: [], version: [] });
    await runAll(warehouse, stream, [[order('a'), order('a')], [order('a')]]);
    expect(await logOf(stream)).toEqual(['u 1', 'u 1', 'e {"run":1}', 'u 2', 'e {"run":2}']);
  });

  test('names keys of several fields, and of numbers and times, as the log calls them', async () => {
    const properties = { at: { type: 'string', format: 'date-time' }, n: { type: 'number' }, text: { type: 'string' } };
    const schema = { type: 'object', required: ['at', 'n'], properties };
    const stream = aStream({ primaryKey: ['at', 'n'], version: [], schema });
    await runAll(warehouse, stream, [
      [at('2026-01-01T00:00:00+02:00', 1.5), at('2026-01-01T00:00:00Z', 2)],
      [at('2026-01-01T00:00:00Z', 2)],
    ]);
    expect((await logOf(stream)).filter((line) => line.startsWith('d'))).toHaveLength(1);
    const live = await rowsOf(pool, stream);
    expect(live).toHaveLength(1);
    expect(await fromLog(stream)).toEqual(live);
  });
});

describe('a replace table that somebody dropped', () => {
  /** Rows that stay, go, come back, change, are older, come twice; a listing in doubt in between. */
  const days = [
    [order('a'), order('b'), order('c'), order('d', 5)],
    [order('a', 2), order('c'), order('d', 4), order('e'), order('e', 3), order('e', 2)],
    [],
    [order('b', 7), order('a', 2), order('f'), order('e', 3)],
    [order('a', 1), order('b', 7), order('f'), order('g'), order('g', 0)],
  ];

  test.each([
    ['with a key', {}],
    ['without a version', { version: [] }],
    ['without a key', { primaryKey: [], version: [] }],
    [
      'with a key of two fields',
      { primaryKey: ['id', 'v'], version: [], schema: { ...ordersSchema, required: ['id', 'v'] } },
    ],
  ] satisfies [string, Partial<StreamInput>][])(
    'is made again from the log as it was: %s',
    async (_what, definition) => {
      const stream = aStream({ ...definition, fullListing: true });
      for (const [day, records] of days.entries()) {
        const run = await runOf(warehouse, stream, { window: `2026-01-0${day + 1}` });
        await run.commit(run.page(records));
        await run.finish();
        const live = await rowsOf(pool, stream);
        expect(live.length).toBeGreaterThan(2);
        expect(await fromLog(stream, `2026-08-0${day + 1}`)).toEqual(live);
      }
    },
  );

  test('in the middle of a run is made again, and the listing finds what went', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b'), order('c')]]);
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('a'), order('d')]));
    const live = await rowsOf(pool, stream);
    expect(await fromLog(stream, '2026-11-24')).toEqual(live);
    expect(await run.finish()).toMatchObject({ outcome: 'ok', removed: 2 });
    expect((await logOf(stream)).slice(-3)).toEqual(['d b 2', 'd c 2', 'e {"run":2}']);
    const after = await rowsOf(pool, stream);
    expect(await fromLog(stream)).toEqual(after);
  });
});

describe('the first sweep', () => {
  test('has to come before a table can be made of the log of before', async () => {
    const stream = aStream();
    await endAsBefore(stream, async () => {
      const listings = [
        [order('a'), order('b'), order('c'), order('d', 2), order('d', 1)],
        [order('a'), order('b', 2), order('c'), order('d', 2)],
      ];
      return (await runAll(warehouse, stream, listings))[1] as StreamReport;
    });
    // A listing that ended in doubt left a newer event of b in the log, and one of a key that the table never had.
    const doubt = await runOf(warehouse, stream, { window: '2026-02-01', total: 99 });
    await doubt.commit(doubt.page([order('b', 9), order('x')]));
    expect(await doubt.finish()).toMatchObject({ outcome: 'suspect' });
    expect(await logOf(stream)).toEqual(['u a 1', 'u b 1', 'u c 1', 'u d 1', 'u d 1', 'u b 2', 'u b 3', 'u x 3']);
    await sql(stream, 'drop table orders');
    await runOf(warehouse, stream, { window: '2026-02-02' });
    expect(await rowsOf(pool, stream)).toEqual([]);
  });

  test('logs rows again that stand for another event than the newest of their key, and names keys that are gone', async () => {
    const stream = aStream();
    await endAsBefore(stream, async () => {
      const [report] = await runAll(warehouse, stream, [
        [order('a'), order('b'), order('c'), order('d', 2), order('d', 1), order('z')],
      ]);
      return report as StreamReport;
    });
    const doubt = await runOf(warehouse, stream, { window: '2026-02-01', total: 99 });
    await doubt.commit(doubt.page([order('b', 9), order('x')]));
    expect(await doubt.finish()).toMatchObject({ outcome: 'suspect' });
    const run = await runOf(warehouse, stream, { window: '2026-02-02' });
    await run.commit(run.page([order('a'), order('b'), order('c', 2), order('d', 2)]));
    expect(await run.finish()).toMatchObject({ outcome: 'ok', removed: 1 });
    expect((await logOf(stream)).slice(8)).toEqual([
      'u c 3',
      'd z 3',
      'd x 3',
      'u b 3',
      'u d 3',
      'e {"run":3,"baseline":true}',
    ]);
    expect((await batchesOf(stream)).at(-1)).toMatchObject({ kind: 'sweep', fetched: 4, deleted: 2, updated: 2 });
    const live = await rowsOf(pool, stream);
    expect(live.map(({ text }) => text)).toEqual(['a 1', 'c 2', 'b 1', 'd 2']);
    expect(await fromLog(stream)).toEqual(live);
  });

  test('comes again after a worker of before ended a listing without a word', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b'), order('c')]]);
    await endAsBefore(stream, async () => {
      const run = await runOf(warehouse, stream, { window: '2026-03-01' });
      await run.commit(run.page([order('a'), order('b'), order('d')]));
      return run.finish();
    });
    expect(await fromLog(stream, '2026-03-02')).toEqual([]);
    const run = await runOf(warehouse, stream, { window: '2026-03-03' });
    await run.commit(run.page([order('b'), order('d'), order('e')]));
    await run.finish();
    expect((await logOf(stream)).at(-1)).toMatch(/"baseline":true/);
    const live = await rowsOf(pool, stream);
    expect(live).toHaveLength(3);
    expect(await fromLog(stream)).toEqual(live);
  });

  test('comes again after somebody emptied the table', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    await sql(stream, 'truncate orders');
    const run = await runOf(warehouse, stream);
    await run.commit(run.page([order('b'), order('c')]));
    await run.finish();
    const live = await rowsOf(pool, stream);
    expect(live.map(({ text }) => text)).toEqual(['b 1', 'c 1']);
    expect(await fromLog(stream)).toEqual(live);
  });
});
