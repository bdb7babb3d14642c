import { describe, expect, test } from '@jest/globals';
import { NeedsAttention, RetryLater } from '../../../core/errors.ts';
import type { TargetTable } from '../../../targets/target.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { changesOf, column, orders, rowOf, valuesOf } from '../../support/target-rows.ts';

const duckdb = useDuckdb();
const twoRows = changesOf(0, [rowOf(1, ['1', 'a', '1']), rowOf(2, ['2', 'b', '2'])]);

/** A file with two orders that nobody has open. */
async function written(): Promise<string> {
  const path = duckdb.newPath();
  const target = await duckdb.open({ path });
  await target.open(orders);
  await target.apply(orders, twoRows);
  await target.close();
  return path;
}

describe('a table of a DuckDB target', () => {
  test('gets new columns, and says that its rows lack them', async () => {
    const target = await duckdb.open({ path: await written() });
    const wider: TargetTable = { ...orders, columns: [...orders.columns, column('note', 'json')] };
    expect(await target.open(wider)).toMatchObject({ event: 2, unfilled: ['note'] });
    await target.apply(wider, changesOf(2, [rowOf(3, ['2', 'c', null, '{"a":1}'])]));
    expect(await target.open(wider)).toMatchObject({ event: 3, unfilled: ['note'] });
    expect(await valuesOf(target, wider)).toEqual([
      ['1', 'a', '1', null],
      ['2', 'c', null, '{"a":1}'],
    ]);
    // An older definition still works.
    await target.apply(orders, changesOf(3, [rowOf(4, ['3', 'd', null])]));
    expect(await valuesOf(target, orders)).toHaveLength(3);
  });

  test('with new columns and no rows yet lacks nothing', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(orders);
    const wider: TargetTable = { ...orders, columns: [...orders.columns, column('note', 'text')] };
    expect(await target.open(wider)).toMatchObject({ event: 0, unfilled: [] });
  });

  test('whose column has another type needs a person', async () => {
    const target = await duckdb.open({ path: await written() });
    const other: TargetTable = { ...orders, columns: [column('id', 'integer'), column('status', 'boolean')] };
    await expect(target.open(other)).rejects.toThrow(NeedsAttention);
    await expect(target.open(other)).rejects.toThrow(
      'column acme.orders.status is VARCHAR, the definition makes it BOOLEAN',
    );
    expect(await target.open(orders)).toMatchObject({ event: 2 });
  });

  test('whose row key changed needs a person', async () => {
    const target = await duckdb.open({ path: await written() });
    await expect(target.open({ ...orders, keys: 2 })).rejects.toThrow(
      'the row key of acme.orders is ["id"], the definition makes it ["id","status"]',
    );
    await expect(target.open({ ...orders, rowPer: 'event' })).rejects.toThrow(NeedsAttention);
  });

  test.each([
    ['was dropped', ['drop table acme.orders']],
    ['was dropped with its schema', ['drop schema acme cascade']],
    ['lost a row', ['delete from acme.orders where id = 1']],
    ['got a row', [`insert into acme.orders by name select * replace (9 as id) from acme.orders where id = 1`]],
    ['lost its cursor', ['delete from syncline.cursors']],
    ['lost all cursors', ['drop schema syncline cascade']],
  ])('that %s takes no load: one made anew beside takes its place', async (_, statements) => {
    const path = await written();
    await duckdb.query(path, ...statements);
    const target = await duckdb.open({ path });
    const { id: over, event } = await target.open(orders);
    await expect(target.apply(orders, changesOf(event, [rowOf(7, ['7', 'c', '7'])]))).rejects.toThrow(RetryLater);
    expect(await target.open(orders)).toMatchObject({ id: over, changed: expect.any(String) });
    const { id } = await target.open({ ...orders, place: 'fill' });
    await target.apply({ ...orders, place: 'fill' }, twoRows);
    await target.swap(orders, { from: 'fill', id, over });
    expect(await target.open(orders)).toEqual({ id, event: 2, unfilled: [] });
    expect(await valuesOf(target, orders)).toEqual([
      ['1', 'a', '1'],
      ['2', 'b', '2'],
    ]);
  });

  test.each([
    [
      'a table that somebody made',
      'create table acme.orders (id bigint)',
      'is a table that somebody else made: rename or drop it',
    ],
    [
      'a view that somebody made',
      'create view acme.orders as select 1 as id',
      'is a view that somebody made: rename or drop it',
    ],
  ])('is never written over %s', async (_, statement, says) => {
    const path = await written();
    await duckdb.query(path, 'drop table acme.orders', statement);
    const target = await duckdb.open({ path });
    await expect(target.open(orders)).rejects.toThrow(NeedsAttention);
    await expect(target.open(orders)).rejects.toThrow(says);
    const other = { ...orders, table: 'others' };
    expect(await target.open(other)).toMatchObject({ event: 0 });
  });

  test('belongs to one owner', async () => {
    const path = await written();
    const target = await duckdb.open({ path, owner: 'blue' });
    await expect(target.open(orders)).rejects.toThrow('acme.orders belongs to syncline, and this is blue');
  });

  test('with a unique index of somebody refuses a row without quoting it', async () => {
    const path = await written();
    await duckdb.query(path, 'create unique index mine on acme.orders (status)');
    const target = await duckdb.open({ path });
    const refused = target.apply(orders, changesOf(2, [rowOf(3, ['3', 'b', null])]));
    await expect(refused).rejects.toThrow('a unique index that somebody made');
    await expect(refused).rejects.not.toThrow('status');
    expect(await target.open(orders)).toMatchObject({ event: 2 });
  });
});

describe('names in a DuckDB target', () => {
  const odd = [
    'select',
    'Order',
    'a "b"',
    "it's",
    'ünï',
    'order',
    'a.b',
    '$x',
    'ORDER',
    '_exact',
    '_ordinal',
    'order__2',
  ];
  const named: TargetTable = {
    ...orders,
    columns: [column('id', 'text'), ...odd.map((name) => column(name, 'number'))],
  };
  const values = ['k', ...odd.map((_, i) => (i % 2 === 0 ? `${i}.1234567890123456789` : String(i)))];

  test('are any, and two that differ by case are two', async () => {
    const path = duckdb.newPath();
    const target = await duckdb.open({ path });
    await target.open(named);
    await target.apply(named, changesOf(0, [rowOf(1, values)]));
    expect(await valuesOf(target, named)).toEqual([values]);
    expect((await target.heads(named, [['k']]))[0]?.event).toBe(1);
    await target.close();
    const stored = await duckdb.query(
      path,
      `select column_name from duckdb_columns() where table_name = 'orders' order by column_index`,
    );
    expect(stored.slice(0, odd.length + 1).flat()).toEqual([
      ...[
        'id',
        'select',
        'Order',
        'a "b"',
        "it's",
        'ünï',
        'order__2',
        'a.b',
        '$x',
        'ORDER__3',
        '_exact__2',
        '_ordinal__2',
      ],
      'order__2__2',
    ]);
  });

  test('stay what they were when the columns come in another order', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    const first: TargetTable = { ...orders, columns: [column('id', 'text'), column('Note', 'text')] };
    const then: TargetTable = {
      ...orders,
      columns: [column('id', 'text'), column('note', 'text'), column('Note', 'text')],
    };
    await target.open(first);
    await target.apply(first, changesOf(0, [rowOf(1, ['k', 'upper'])]));
    expect((await target.open(then)).unfilled).toEqual(['note']);
    expect(await valuesOf(target, then)).toEqual([['k', null, 'upper']]);
  });

  test('a file may be called like a schema in it', async () => {
    const path = duckdb.newPath().replace(/[^/]+$/, 'acme.duckdb');
    const target = await duckdb.open({ path });
    await target.open(orders);
    await target.apply(orders, twoRows);
    expect(await valuesOf(target, orders)).toHaveLength(2);
  });

  test('of our own schema are refused', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await expect(target.open({ ...orders, schema: 'syncline' })).rejects.toThrow('choose another');
  });
});
