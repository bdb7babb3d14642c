import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { lockBriefly } from '../../targets/postgres/lock-briefly.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readPlans } from '../../landing/read-plans.ts';
import { retypeColumns } from '../../landing/retype-columns.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { transaction } from '../../store/session/transaction.ts';
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
const withField = (field: Record<string, unknown>): Partial<StreamInput> => ({
  schema: { ...ordersSchema, properties: { ...ordersSchema.properties, ...field } },
});
const before = (type: unknown = { type: 'integer' }): CompiledStream =>
  defineStream(withField({ amount: type }), { name: `acme${++partners}` });
const after = (stream: CompiledStream, type: unknown): CompiledStream =>
  defineStream(withField({ amount: type }), { name: stream.partner.name });
const order = (id: string, amount: unknown): unknown => ({
  id,
  v: 1,
  text: id,
  ...(amount === null ? {} : { amount }),
});
const tableOf = (stream: CompiledStream): string => `${stream.partner.name}.orders`;
const typesOf = async (stream: CompiledStream): Promise<string[]> => {
  const { rows } = await pool.query<{ column: string }>(
    `select attname || ' ' || format_type(atttypid, -1) as column from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname like '%amount%'`,
    [tableOf(stream)],
  );
  return rows.map(({ column }) => column);
};

describe('a column of another type', () => {
  test.each<[string, unknown, unknown, unknown[], unknown[]]>([
    ['integer to number', { type: 'integer' }, { type: 'number' }, [1, 2, null], ['1', '2', null]],
    [
      'time to text, as it came',
      { type: 'string', format: 'date-time' },
      { type: 'string' },
      ['2026-01-02T03:04:05+01:00', '2026-01-02T03:04:05.120Z'],
      ['2026-01-02T03:04:05+01:00', '2026-01-02T03:04:05.120Z'],
    ],
    ['text to time', { type: 'string' }, { type: 'string', format: 'date' }, ['2026-01-02'], ['2026-01-02']],
    ['integer to JSON', { type: 'integer' }, {}, [7], ['7']],
  ])('%s: runs wait for a person, who has it filled from the log', async (_, from, to, values, texts) => {
    const old = before(from);
    await runAll(warehouse, old, [values.map((value, n) => order(`o${n}`, value))]);
    const changed = after(old, to);
    await expect(runOf(warehouse, changed)).rejects.toThrow(
      /column \w+\.orders\.amount is .*: change it back, or let `syncline plan \w+ orders --apply` fill it anew from the log/,
    );
    expect(await readPlans(pool, [changed])).toMatchObject([
      { isChanged: true, fault: undefined, retyped: [{ column: 'amount' }] },
    ]);
    expect(await retypeColumns(pool, { stream: changed, acceptUnfit: false })).toMatchObject({
      events: values.length,
      unfit: 0,
    });
    const { rows } = await pool.query<{ amount: string | null }>(
      `select amount::text from ${tableOf(old)} order by id`,
    );
    expect(rows.map(({ amount }) => amount)).toEqual(texts);
    expect(await readPlans(pool, [changed])).toMatchObject([{ retyped: [], added: [], kept: [] }]);
    // Done again, it does nothing.
    expect(await retypeColumns(pool, { stream: changed, acceptUnfit: false })).toMatchObject({
      retyped: [],
      events: 0,
    });
    const run = await runOf(warehouse, changed, { window: '2026-02-01' });
    await run.commit(run.page([order('new', values[0])]));
    expect(await rowsOf(pool, changed)).toHaveLength(values.length + 1);
  });

  test('that records do not fit any more changes nothing, unless that is accepted', async () => {
    const old = before({ type: 'string' });
    await runAll(warehouse, old, [[order('a', '5'), order('b', 'five')]]);
    const changed = after(old, { type: 'string', pattern: '^[0-9]+$', format: 'date' });
    const types = await typesOf(old);
    await expect(retypeColumns(pool, { stream: changed, acceptUnfit: false })).rejects.toThrow(
      /2 rows of \w+\.orders show records that no longer fit the definition, and would lose amount: nothing was changed/,
    );
    expect(await typesOf(old)).toEqual(types);
    expect(await retypeColumns(pool, { stream: changed, acceptUnfit: true })).toMatchObject({ unfit: 2 });
    expect(await rowsOf(pool, changed)).toMatchObject([
      { id: 'a', amount: null },
      { id: 'b', amount: null },
    ]);
  });

  test('that a view is made of names the view, and changes nothing', async () => {
    const old = before();
    await runAll(warehouse, old, [[order('a', 5)]]);
    await pool.query(`create view ${old.partner.name}.sums as select sum(amount) from ${tableOf(old)}`);
    await expect(retypeColumns(pool, { stream: after(old, { type: 'number' }), acceptUnfit: false })).rejects.toThrow(
      /cannot get another type while something is made of it \(view \w+\.sums depends on .*\): drop that/,
    );
    expect(await typesOf(old)).toEqual(['amount bigint']);
  });

  test('is filled while people read the table, and what was left of a try before is made anew', async () => {
    const old = before();
    await runAll(warehouse, old, [[order('a', 5)]]);
    await pool.query(`alter table ${tableOf(old)} add column _new_amount text`);
    const reader = await pool.connect();
    await reader.query('begin');
    const changing = retypeColumns(pool, { stream: after(old, { type: 'number' }), acceptUnfit: false });
    // While it waits for nobody to read, others still can.
    await pool.query(`select amount from ${tableOf(old)}`);
    await reader.query(`select * from ${tableOf(old)}`);
    await reader.query('commit');
    reader.release();
    expect(await changing).toMatchObject({ unfit: 0 });
    expect(await typesOf(old)).toEqual(['amount numeric']);
  });

  test('waits for a transaction that does not end, and then says whose it is', async () => {
    const old = before();
    await runAll(warehouse, old, [[order('a', 5)]]);
    const reader = await pool.connect();
    await reader.query('begin');
    await reader.query(`select * from ${tableOf(old)}`);
    const { rows } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid');
    await expect(
      transaction(pool, (client) => lockBriefly(client, tableOf(old), { lockMs: 20, pauseMs: 10, times: 2 })),
    ).rejects.toThrow(`(process ${rows[0]?.pid} of PostgreSQL): end them, or try again later`);
    await reader.query('commit');
    reader.release();
  });
});

describe('a plan', () => {
  test('tells what a definition changes, before anything changes', async () => {
    const old = before();
    await runAll(warehouse, old, [[order('a', 5)]]);
    await pool.query(`alter table ${tableOf(old)} add column mine text`);
    const changed = defineStream(
      { schema: { ...ordersSchema, properties: { ...ordersSchema.properties, note: { type: 'string' } } } },
      { name: old.partner.name },
    );
    expect(await readPlans(pool, [changed, before()])).toMatchObject([
      {
        isNew: false,
        isChanged: true,
        added: [{ column: 'note', type: 'text' }],
        kept: ['amount', 'mine'],
        retyped: [],
      },
      { isNew: true, isChanged: false, added: [] },
    ]);
    expect(await typesOf(old)).toEqual(['amount bigint']);
  });

  test('names what only a person can do: a key of another type', async () => {
    const old = before();
    await runAll(warehouse, old, [[order('a', 5)]]);
    const changed = defineStream(
      { schema: { ...ordersSchema, properties: { ...ordersSchema.properties, id: { type: 'integer' } } } },
      { name: old.partner.name },
    );
    const [plan] = await readPlans(pool, [changed]);
    expect(plan).toMatchObject({
      retyped: [],
      fault: expect.stringMatching(/orders\.id is text, the definition says bigint/),
    });
    await expect(retypeColumns(pool, { stream: changed, acceptUnfit: false })).rejects.toThrow(/orders\.id is text/);
  });
});
