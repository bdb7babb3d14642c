import { describe, expect, test } from '@jest/globals';
import { NeedsAttention } from '../../../core/errors.ts';
import type { Place, Target, TargetTable } from '../../../targets/target.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { changesOf, column, orders, rowOf, valuesOf } from '../../support/target-rows.ts';

const duckdb = useDuckdb();
const at = (place: Place, table: TargetTable = orders): TargetTable => ({ ...table, place });

async function filled(target: Target, table: TargetTable, statuses: readonly string[]): Promise<string> {
  const { id } = await target.open(table);
  await target.apply(
    table,
    changesOf(
      0,
      statuses.map((status, i) => rowOf(i + 1, [String(i), status, null])),
    ),
  );
  return id;
}
/** What a rebuild does that was told which table is live. */
async function swapIn(target: Target, table: TargetTable, id: string): Promise<void> {
  const { live } = await target.placed(table);
  await target.swap(table, { from: 'build', id, over: live?.id ?? '' });
}
const statuses = async (target: Target, table: TargetTable): Promise<unknown[]> =>
  (await valuesOf(target, table)).map(([, status]) => status);

describe('a table built anew', () => {
  test('comes in beside, is swapped with its cursor, and goes back', async () => {
    const path = duckdb.newPath();
    const target = await duckdb.open({ path });
    const before = await filled(target, orders, ['a', 'b']);
    const build = await filled(target, at('build'), ['x', 'y', 'z']);
    expect(await statuses(target, orders)).toEqual(['a', 'b']);
    expect(await target.placed(orders)).toMatchObject({
      live: { id: before, event: 2 },
      build: { id: build, event: 3 },
    });

    await swapIn(target, orders, build);
    await swapIn(target, orders, build);
    expect(await statuses(target, orders)).toEqual(['x', 'y', 'z']);
    expect(await statuses(target, at('old'))).toEqual(['a', 'b']);
    expect(await target.open(orders)).toMatchObject({ id: build, event: 3 });
    expect(await target.open(at('old'))).toMatchObject({ id: before, event: 2 });
    expect(await target.placed(orders)).not.toHaveProperty('build');

    await target.rollback(orders, before);
    await target.rollback(orders, before);
    expect(await statuses(target, orders)).toEqual(['a', 'b']);
    // It goes on from where it stood.
    await target.apply(orders, changesOf(2, [rowOf(3, ['2', 'c', null])]));
    await target.close();
    const again = await duckdb.open({ path });
    expect(await again.placed(orders)).toMatchObject({ live: { id: before, event: 3 }, old: { id: build, event: 3 } });
    await again.rollback(orders, build);
    expect(await statuses(again, orders)).toEqual(['x', 'y', 'z']);
  });

  test('takes the place of one that somebody dropped', async () => {
    const path = duckdb.newPath();
    const first = await duckdb.open({ path });
    const over = await filled(first, orders, ['a']);
    await first.close();
    await duckdb.query(path, 'drop table acme.orders');
    const target = await duckdb.open({ path });
    await target.swap(orders, { from: 'build', id: await filled(target, at('build'), ['x']), over });
    expect(await statuses(target, orders)).toEqual(['x']);
    expect(Object.keys(await target.placed(orders))).toEqual(['live']);
  });

  test('keeps one old table, and has types of its own', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await filled(target, orders, ['a']);
    await swapIn(target, orders, await filled(target, at('build'), ['b']));
    const other: TargetTable = { ...orders, columns: [column('id', 'text'), column('status', 'json')] };
    const { id } = await target.open(at('build', other));
    await target.apply(at('build', other), changesOf(0, [rowOf(1, ['k', '"c"'])]));
    await swapIn(target, other, id);
    expect(await statuses(target, other)).toEqual(['"c"']);
    expect(await statuses(target, at('old'))).toEqual(['b']);
  });

  test('is found again, unless it is dropped', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    const build = await filled(target, at('build'), ['x']);
    expect(await target.open(at('build'))).toMatchObject({ id: build, event: 1 });
    await target.drop(at('build'));
    await target.drop(at('build'));
    expect(await target.placed(orders)).toEqual({});
    await expect(swapIn(target, orders, build)).rejects.toThrow(NeedsAttention);
    await expect(target.rollback(orders, build)).rejects.toThrow('acme.orders-old is not there any more');
  });

  test('is no table that a stream may have', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    const stream = { ...orders, table: 'orders_build' };
    await filled(target, stream, ['other']);
    await swapIn(target, orders, await filled(target, at('build'), ['x']));
    expect(await statuses(target, stream)).toEqual(['other']);
  });

  test('a swap that fails leaves both where they were', async () => {
    const path = duckdb.newPath();
    const first = await duckdb.open({ path });
    const before = await filled(first, orders, ['a']);
    const build = await filled(first, at('build'), ['x']);
    await first.close();
    await duckdb.query(path, 'create index mine on acme.orders (status)');
    const target = await duckdb.open({ path });
    await expect(swapIn(target, orders, build)).rejects.toThrow('drop the index that somebody made on it');
    expect(await target.placed(orders)).toMatchObject({ live: { id: before }, build: { id: build } });
    expect(await statuses(target, orders)).toEqual(['a']);
  });
});
