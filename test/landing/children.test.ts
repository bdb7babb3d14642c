import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { quoted } from '../../core/sql-text.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { erase } from '../../landing/erase.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable, rollBackTable } from '../../landing/rebuild-table.ts';
import { renameColumns } from '../../landing/rename-columns.ts';
import { takeUndosBack, undoRuns } from '../../landing/undo-run.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream } from '../support/define-stream.ts';
import { long } from '../support/long.ts';
import { runOf } from './run-of.ts';
import { randomOf } from '../../simulator/random.ts';

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

const items = (fields: Record<string, unknown> = {}) => ({
  type: ['array', 'null'],
  items: {
    type: 'object',
    properties: { sku: { type: 'string' }, qty: { type: 'integer' }, ...fields },
  },
});
let partners = 0;
const define = (more: Partial<StreamInput> = {}, fields: Record<string, unknown> = {}, name = `acme${++partners}`) =>
  defineStream(
    {
      version: ['v'],
      schema: { type: 'object', properties: { id: { type: 'string' }, v: { type: 'integer' }, items: items(fields) } },
      children: { items: { key: ['sku'] } },
      ...more,
    },
    { name },
  );
let windows = 0;
const read = async (stream: CompiledStream, ...pages: unknown[][]): Promise<void> => {
  const window = new Date(Date.UTC(2026, 0, (windows += 1))).toISOString().slice(0, 10);
  const run = await runOf(warehouse, stream, { window });
  for (const page of pages) await run.commit(run.page(page));
  await run.finish();
};
const childrenOf = async (stream: CompiledStream, columns = 'orders_id, _position, sku, qty'): Promise<unknown[]> =>
  (await pool.query({ rowMode: 'array', text: `select ${columns} from ${stream.schema}.orders_items order by 1, 2` }))
    .rows;
const compared = async (stream: CompiledStream, dryRun = true) =>
  rebuildTable(pool, { stream, dryRun, acceptUnfit: false, progress: () => {} });
const same = { differences: { changed: 0, gone: 0, came: 0 }, children: [{ rows: 0 }] };

describe('elements of an array', () => {
  test('are rows of their own, of the types of their fields, and go and come with their parent', async () => {
    const fields = {
      price: { type: ['number', 'null'] },
      at: { type: 'string', format: 'date-time' },
      on: { type: 'string', format: 'date' },
      ok: { type: 'boolean' },
      of: { type: 'object', properties: { name: { type: 'string' }, tags: { type: 'array' } } },
    };
    const stream = define({}, fields);
    const whole =
      '{"id":"a","v":1,"items":[{"sku":"x","qty":1.0,"price":123.250,"at":"2026-01-02T03:04:05+01:00","on":"2026-01-02","ok":true,"of":{"name":"n","tags":[1]},"more":1},{"sku":"y","price":null}]}';
    await read(stream, [whole, { id: 'b', v: 1, items: [] }, { id: 'c', v: 1, items: null }, { id: 'd', v: 1 }]);
    const columns = `orders_id, _position, sku, qty, price::text, at at time zone 'UTC' as at, "on"::text, ok, of_name, of_tags`;
    const { rows } = await pool.query(
      `select ${columns}, _event::integer from ${stream.schema}.orders_items order by 2`,
    );
    expect(rows).toEqual([
      {
        orders_id: 'a',
        _position: 0,
        sku: 'x',
        qty: '1',
        price: '123.25',
        at: new Date('2026-01-02T02:04:05'),
        on: '2026-01-02',
        ok: true,
        of_name: 'n',
        of_tags: [1],
        _event: 1,
      },
      {
        orders_id: 'a',
        _position: 1,
        sku: 'y',
        qty: null,
        price: null,
        at: null,
        on: null,
        ok: null,
        of_name: null,
        of_tags: null,
        _event: 1,
      },
    ]);
    await read(stream, [
      { id: 'a', v: 3, items: [{ sku: 'z' }] },
      { id: 'a', v: 2, items: [] },
      { id: 'b', v: 2, items: [{ sku: 'w' }] },
    ]);
    expect(await childrenOf(stream)).toEqual([
      ['a', 0, 'z', null],
      ['b', 0, 'w', null],
    ]);
    expect(await compared(stream)).toMatchObject(same);
  });

  test('of fields with any name', async () => {
    const odd = `it's $children$ "odd"`;
    const stream = define({}, { [odd]: { type: 'string' } });
    await read(stream, [{ id: 'a', v: 1, items: [{ sku: 'x', [odd]: 'kept' }] }]);
    expect(await childrenOf(stream, `sku, ${quoted(odd)}`)).toEqual([['x', 'kept']]);
  });

  test.each([
    ['a value of another type', [{ sku: 'x' }, { sku: 'y', qty: 'many' }], 'items.1.qty'],
    ['a time that is none', [{ sku: 'x', at: '2026-02-30T00:00:00Z' }], 'items.0.at'],
    ['an element that is none', [null], 'items.0'],
    ['an element without its key', [{ qty: 1 }], 'items.0.sku'],
    ['two of one key', [{ sku: 'x' }, { sku: 'x' }], 'items.1'],
    ['text that no column takes', [{ sku: 'x\u0000' }], 'items.0.sku'],
  ])('that do not fit hold their parent back as a whole: %s', async (_, elements, path) => {
    const stream = define({ errorBudget: { count: 9, share: 1 } }, { at: { type: 'string', format: 'date-time' } });
    await read(stream, [
      { id: 'a', v: 1, items: elements },
      { id: 'b', v: 1, items: [{ sku: 'x' }] },
    ]);
    expect(await childrenOf(stream)).toEqual([['b', 0, 'x', null]]);
    const { rows } = await pool.query(
      `select q.path from quarantine q join streams s using (stream_id) where s.partner = $1`,
      [stream.partner.name],
    );
    expect(rows).toEqual([{ path }]);
  });

  test.each<[string, Partial<StreamInput>, unknown[]]>([
    [
      'soft deletes mark them',
      { deletes: { field: 'gone', as: 'soft' } },
      [
        ['a', 0, 'x', true],
        ['b', 0, 'y', false],
      ],
    ],
    ['a replace replaces them', { disposition: 'replace' }, [['b', 0, 'y', false]]],
    [
      'an append keeps them all',
      { disposition: 'append' },
      [
        ['a', 0, 'x', false],
        ['a', 0, 'z', false],
        ['b', 0, 'y', false],
        ['b', 0, 'y', false],
      ].slice(0, 4),
    ],
  ])('%s', async (_, more, expected) => {
    const stream = define({ ...more, version: [] });
    await read(stream, [
      { id: 'a', v: 1, items: [{ sku: 'x' }] },
      { id: 'b', v: 1, items: [{ sku: 'y' }] },
    ]);
    const next = {
      replace: [{ id: 'b', v: 2, items: [{ sku: 'y' }] }],
      append: [
        { id: 'a', v: 2, items: [{ sku: 'z' }] },
        { id: 'b', v: 2, items: [{ sku: 'y' }] },
      ],
    };
    await read(
      stream,
      more.disposition === undefined ? [{ id: 'a', gone: true }] : next[more.disposition as 'replace'],
    );
    expect(await childrenOf(stream, 'orders_id, _position, sku, _deleted_at is not null')).toEqual(expected);
    expect(await compared(stream)).toMatchObject(same);
  });

  test('are what their table says after people, rebuilds, rollbacks and erasures', async () => {
    const stream = define();
    await read(stream, [
      { id: 'a', v: 1, items: [{ sku: 'x' }] },
      { id: 'b', v: 1, items: [{ sku: 'y' }] },
    ]);
    const right = [
      ['a', 0, 'x', null],
      ['b', 0, 'y', null],
    ];
    const { schema } = stream;
    await pool.query(`update ${schema}.orders set items = '[{"sku": "mine"}, {"sku": "too"}]' where id = 'a'`);
    expect(await childrenOf(stream)).toHaveLength(3);
    expect(await compared(stream, false)).toMatchObject({ applied: true });
    expect(await childrenOf(stream)).toEqual(right);
    await rollBackTable(pool, stream);
    expect(await childrenOf(stream)).toHaveLength(3);
    await compared(stream, false);
    // What somebody does to the table itself is found, and made anew.
    await pool.query(`delete from ${schema}.orders_items where orders_id = 'a'`);
    expect(await compared(stream)).toMatchObject({ ...same, children: [{ table: `${schema}.orders_items`, rows: 1 }] });
    await compared(stream, false);
    expect(await childrenOf(stream)).toEqual(right);
    await pool.query(`drop table ${schema}.orders_items`);
    expect(await compared(stream)).toMatchObject({ children: [{ rows: -1 }] });
    await read(stream, [{ id: 'c', v: 1, items: [{ sku: 'z' }] }]);
    expect(await childrenOf(stream)).toEqual([...right, ['c', 0, 'z', null]]);
    await erase(pool, { stream, whose: { key: 'a' }, reason: 'asked', by: 'me', dryRun: false });
    expect(await childrenOf(stream)).toEqual([
      ['b', 0, 'y', null],
      ['c', 0, 'z', null],
    ]);
    await pool.query(`truncate ${schema}.orders`);
    expect(await childrenOf(stream)).toEqual([]);
  });

  test('are as if a run had not been once it is undone, and back again', async () => {
    const stream = define();
    await read(stream, [
      { id: 'a', v: 1, items: [{ sku: 'x' }] },
      { id: 'b', v: 1, items: [{ sku: 'y' }] },
    ]);
    const before = await childrenOf(stream);
    await read(stream, [
      { id: 'a', v: 2, items: [] },
      { id: 'c', v: 1, items: [{ sku: 'z' }] },
    ]);
    const after = await childrenOf(stream);
    const { rows } = await pool.query<{ sync_id: string }>(
      `select sync_id from stream_runs join streams using (stream_id) where partner = $1 order by run_no desc limit 1`,
      [stream.partner.name],
    );
    const undo = { runs: [{ stream, syncId: rows[0]?.sync_id as string }], by: 'me', reason: 'wrong', dryRun: false };
    await undoRuns(pool, undo);
    expect(await childrenOf(stream)).toEqual(before);
    expect(await compared(stream)).toMatchObject(same);
    await takeUndosBack(pool, undo);
    expect(await childrenOf(stream)).toEqual(after);
  });

  test('get their table when the definition says so, other columns when it changes, and other names', async () => {
    const plain = define({ children: undefined });
    await read(plain, [{ id: 'a', v: 1, items: [{ sku: 'x', note: 'n', qty: 1 }] }]);
    const { name } = plain.partner;
    const stream = define({}, {}, name);
    await read(stream, []);
    expect(await childrenOf(stream)).toEqual([['a', 0, 'x', '1']]);
    const wider = define({}, { note: { type: 'string' } }, name);
    await read(wider, []);
    expect(await childrenOf(wider, 'orders_id, _position, note')).toEqual([['a', 0, 'n']]);
    const renamed = define(
      {
        primaryKey: ['no'],
        schema: {
          type: 'object',
          properties: {
            no: { type: 'string', was: 'id' },
            v: { type: 'integer' },
            lines: { ...items(), was: 'items' },
          },
        },
        children: { lines: { table: 'orders_items' } },
      },
      {},
      name,
    );
    await renameColumns(pool, renamed);
    await read(renamed, [{ no: 'b', v: 1, lines: [{ sku: 'y' }] }]);
    expect(await childrenOf(renamed, 'orders_no, _position, sku')).toEqual([
      ['a', 0, 'x'],
      ['b', 0, 'y'],
    ]);
    await pool.query(`create table ${plain.schema}.taken (a integer)`);
    await expect(
      read(
        define({ ...renamed.definition, children: { lines: { table: 'taken' } } } as Partial<StreamInput>, {}, name),
        [],
      ),
    ).rejects.toThrow(/taken is a table or view that somebody else made/);
  });

  // Judged by ten lines: of each key the newest version counts, and a delete is one of them.
  test.each(Array.from({ length: long ? 200 : 3 }, (_, i) => i + 1))(
    'after any order, batching and repetition of the same events they are the same (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      const pick = (n: number): number => Math.floor(random() * n);
      const events = Array.from({ length: 40 }, (_, v) => {
        const key = { id: `k${pick(6)}`, v };
        return pick(4) === 0
          ? { ...key, gone: true }
          : { ...key, items: Array.from({ length: pick(4) }, (__, i) => ({ sku: `s${i}`, qty: pick(9) })) };
      });
      const model = new Map<string, (typeof events)[number]>();
      for (const event of events) model.set(event.id, event);
      const expected = [...model.values()]
        .flatMap((event) =>
          'items' in event ? event.items.map(({ sku, qty }, i) => [event.id, i, sku, String(qty)]) : [],
        )
        .toSorted((a, b) => `${a[0]} ${a[1]}`.localeCompare(`${b[0]} ${b[1]}`));
      const stream = define({ deletes: { field: 'gone' } });
      const came = [...events, ...events.filter(() => pick(3) === 0)]
        .map((event) => ({ event, at: random() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ event }) => event);
      const pages: unknown[][] = [];
      while (came.length > 0) pages.push(came.splice(0, 1 + pick(20)));
      await read(stream, ...pages);
      expect(await childrenOf(stream)).toEqual(expected);
      expect(await compared(stream)).toMatchObject(same);
    },
  );
});
