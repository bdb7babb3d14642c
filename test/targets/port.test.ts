import { describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, boolean, integer, record } from 'fast-check';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import { places, type Place, type RowChanges, type TargetTable } from '../../targets/target.ts';
import { kinds, useKind } from './kinds.ts';
import { changesOf, column, orders, rowOf, valuesOf, visits } from '../support/target-rows.ts';

describe.each(kinds)('rows of a %s target', (kind) => {
  const warehouse = useKind(kind);

  test('land, are replaced and leave by their key', async () => {
    const target = await warehouse.fresh();
    expect(await target.open(orders)).toMatchObject({ event: 0, unfilled: [] });
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'new', '1.5']), rowOf(2, ['2', null, null])]));
    await target.apply(orders, changesOf(2, [rowOf(3, ['1', 'paid', '2']), rowOf(4, ['10', '', '-0.10'])]));
    await target.apply(orders, changesOf(4, [], { to: 5, deletes: [['2'], ['77']] }));
    expect(await valuesOf(target, orders)).toEqual([
      ['1', 'paid', '2'],
      ['10', '', '-0.1'],
    ]);
    expect(await target.open(orders)).toMatchObject({ event: 5 });
  });

  test('the same changes again change nothing, other ones are refused', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    const first = changesOf(0, [rowOf(1, ['1', 'new', null])]);
    await target.apply(orders, first);
    await target.apply(orders, { ...first, upserts: [rowOf(1, ['1', 'never written', null])] });
    await expect(target.apply(orders, changesOf(7, [rowOf(8, ['8', 'later', null])]))).rejects.toThrow(RetryLater);
    await expect(target.apply(orders, changesOf(0, [rowOf(9, ['9', 'other', null])]))).rejects.toThrow(
      'acme.orders stands at event 1, and the changes lead from 0 to 9',
    );
    expect(await valuesOf(target, orders)).toEqual([['1', 'new', null]]);
  });

  test('a row is one event where the stream has no key', async () => {
    const target = await warehouse.fresh();
    await target.open(visits);
    await target.apply(visits, changesOf(0, [rowOf(1, ['/']), rowOf(2, ['/'])]));
    await target.apply(visits, changesOf(2, [rowOf(3, ['/a'])]));
    expect(await valuesOf(target, visits)).toEqual([['/'], ['/'], ['/a']]);
  });

  test('clears makes room first', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null]), rowOf(2, ['2', 'b', null])]));
    await target.apply(orders, changesOf(2, [rowOf(3, ['2', 'c', null])], { clears: true }));
    expect(await valuesOf(target, orders)).toEqual([['2', 'c', null]]);
  });

  test('parts of one change take effect together, or not at all', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'old', null]), rowOf(2, ['2', 'old', null])]));
    const parts = [
      changesOf(2, [rowOf(3, ['3', 'a', null]), rowOf(4, ['4', 'a', null])], { clears: true }),
      changesOf(2, [rowOf(5, ['3', 'b', null])], { deletes: [['4']] }),
    ];
    async function* failing(): AsyncGenerator<RowChanges> {
      yield* parts;
      await Promise.reject(new Error('the log cannot be read'));
    }
    await expect(target.applyTogether(orders, { from: 2, to: 9 }, failing())).rejects.toThrow('cannot be read');
    expect(await valuesOf(target, orders)).toHaveLength(2);
    expect(await target.open(orders)).toMatchObject({ event: 2 });
    async function* whole(): AsyncGenerator<RowChanges> {
      yield* parts;
    }
    for (const time of ['first', 'again']) {
      await target.applyTogether(orders, { from: 2, to: 9 }, whole());
      expect([time, await valuesOf(target, orders)]).toEqual([time, [['3', 'b', null]]]);
    }
    expect(await target.open(orders)).toMatchObject({ event: 9 });
  });

  test('what somebody emptied begins again', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null])]));
    await target.drop(orders);
    expect(await target.open(orders)).toMatchObject({ event: 0 });
    expect(await valuesOf(target, orders)).toEqual([]);
  });

  test('a new column is told of until the table is made anew beside and swapped in', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null])]));
    const wider: TargetTable = { ...orders, columns: [...orders.columns, column('note', 'json')] };
    expect(await target.open(wider)).toMatchObject({ event: 1, unfilled: ['note'] });
    const build = await target.open({ ...wider, place: 'build' });
    expect(build).toMatchObject({ event: 0, unfilled: [] });
    await target.apply(
      { ...wider, place: 'build' },
      changesOf(0, [rowOf(1, ['1', 'a', null, '{"b": 1, "a": [1.50]}'])]),
    );
    const before = (await target.placed(wider)).live?.id as string;
    const swap = { from: 'build', id: build.id, over: before } as const;
    await target.swap(wider, swap);
    await target.swap(wider, swap);
    expect(await target.open(wider)).toMatchObject({ id: build.id, event: 1, unfilled: [] });
    expect(await valuesOf(target, wider)).toEqual([['1', 'a', null, '{"a":[1.5],"b":1}']]);
    expect((await target.placed(wider)).old?.id).toBe(before);
    await target.rollback(wider, before);
    expect(await valuesOf(target, wider)).toEqual([['1', 'a', null, null]]);
  });

  test('what is made anew to fill columns leaves what a rebuild kept, and goes where a rebuild comes in', async () => {
    const target = await warehouse.fresh();
    const made = async (place: Place, status: string): Promise<string> => {
      const { id } = await target.open({ ...orders, place });
      await target.apply({ ...orders, place }, changesOf(0, [rowOf(1, ['1', status, null])]));
      return id;
    };
    const kept = await made('live', 'kept');
    const built = await made('build', 'built');
    await target.swap(orders, { from: 'build', id: built, over: kept });
    const fill = { from: 'fill', id: await made('fill', 'filled'), over: built } as const;
    await target.swap(orders, fill);
    await target.swap(orders, fill);
    expect(await target.placed(orders)).toEqual({
      live: expect.objectContaining({ id: fill.id, event: 1 }),
      old: expect.objectContaining({ id: kept, event: 1 }),
    });
    await made('fill', 'too late');
    await target.swap(orders, { from: 'build', id: await made('build', 'again'), over: fill.id });
    expect(Object.keys(await target.placed(orders)).toSorted()).toEqual(['live', 'old']);
    expect(await valuesOf(target, orders)).toEqual([['1', 'again', null]]);
    expect(await valuesOf(target, { ...orders, place: 'old' })).toEqual([['1', 'filled', null]]);
  });

  test('no table takes the place of another than the one that it was made for', async () => {
    const target = await warehouse.fresh();
    const ids: Record<string, string> = {};
    for (const place of places.filter((each) => each !== 'old'))
      ids[place] = (await target.open({ ...orders, place })).id;
    await target.swap(orders, { from: 'fill', id: ids['fill'] as string, over: ids['live'] as string });
    const late = target.swap(orders, { from: 'build', id: ids['build'] as string, over: ids['live'] as string });
    await expect(late).rejects.toThrow(RetryLater);
    await expect(late).rejects.toThrow('another table has taken the place of acme.orders meanwhile');
    expect(await target.placed(orders)).toMatchObject({ live: { id: ids['fill'] }, build: { id: ids['build'] } });
  });

  test('fields without a column come back as one text, whatever their order and way of writing', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    const extra = '{"z": [1.50, {"b": null, "a": "é"}], "1": 1e2}';
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null], { extra }), rowOf(2, ['2', 'b', null])]));
    const found: (string | null)[] = [];
    for await (const row of target.rows(orders)) found.push(row.extra);
    expect(found).toEqual(['{"1":100,"z":[1.5,{"a":"é","b":null}]}', null]);
  });

  test('heads say what the table shows, in the order of the keys', async () => {
    const target = await warehouse.fresh();
    const table: TargetTable = { ...orders, columns: [column('id', 'number'), column('at', 'timestamp')], keys: 2 };
    await target.open(table);
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    const row = rowOf(4, ['1.50', '2026-01-02T03:04:05+01:00'], { page: 7, ordinal: 3, version: '0009', hash });
    await target.apply(table, changesOf(0, [row]));
    expect(
      await target.heads(table, [
        ['2', '2026-01-02T02:04:05Z'],
        ['1.5', '2026-01-02T02:04:05.000000Z'],
      ]),
    ).toEqual([undefined, { event: 4, page: 7, ordinal: 3, version: '0009', hash }]);
  });

  test('heads of a table with a row per event are the newest of their key', async () => {
    const target = await warehouse.fresh();
    const table: TargetTable = { ...orders, rowPer: 'event' };
    await target.open(table);
    await target.apply(table, changesOf(0, [rowOf(1, ['1', 'a', null]), rowOf(2, ['1', 'b', null])]));
    expect((await target.heads(table, [['1']]))[0]?.event).toBe(2);
    expect(await valuesOf(target, table)).toHaveLength(2);
  });

  test('two rows for one key are refused whole', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    const twice = changesOf(0, [rowOf(1, ['1', 'a', null]), rowOf(2, ['1', 'b', null])]);
    await expect(target.apply(orders, twice)).rejects.toThrow(GiveUp);
    expect(await valuesOf(target, orders)).toEqual([]);
    expect(await target.open(orders)).toMatchObject({ event: 0 });
  });

  test('columns that are called what every object has are columns like others', async () => {
    const target = await warehouse.fresh();
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
    const table: TargetTable = {
      ...orders,
      columns: [column('id', 'integer'), ...names.map((name) => column(name, 'number')), column('j', 'json')],
    };
    await target.open(table);
    // More digits than a column of DuckDB holds.
    const exact = `0.${'1'.repeat(30)}`;
    const rows = [
      rowOf(1, ['1', exact, null, exact, '1.5', '{"n":1e400}']),
      rowOf(2, ['2', null, exact, null, null, null]),
    ];
    await target.apply(table, changesOf(0, rows));
    expect(await valuesOf(target, table)).toEqual([
      ['1', exact, null, exact, '1.5', `{"n":1${'0'.repeat(400)}}`],
      ['2', null, exact, null, null, null],
    ]);
  });

  test('streams with tables of one name in two schemas share nothing', async () => {
    const target = await warehouse.fresh();
    const other = { ...orders, schema: 'globex' };
    await target.open(orders);
    await target.open(other);
    await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null])]));
    expect(await target.open(other)).toMatchObject({ event: 0 });
    expect(await valuesOf(target, other)).toEqual([]);
  });

  test('more rows than a bundle holds arrive whole', async () => {
    const target = await warehouse.fresh();
    await target.open(orders);
    const rows = Array.from({ length: 4_321 }, (_, i) => rowOf(i + 1, [String(i), `status ${i}`, `${i}.25`]));
    await target.apply(orders, changesOf(0, rows));
    expect(await valuesOf(target, orders)).toEqual(rows.map(({ values }) => values));
  });

  test('whatever comes, the table is what a map of keys would hold', async () => {
    const step = record({
      ids: array(integer({ min: 0, max: 9 }), { maxLength: 6 }),
      gone: array(integer({ min: 0, max: 9 }), { maxLength: 3 }),
      clears: boolean(),
      again: boolean(),
    });
    const target = await warehouse.fresh();
    let tables = 0;
    await assert(
      asyncProperty(array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const table = { ...orders, table: `orders_${(tables += 1)}` };
        await target.open(table);
        const model = new Map<number, string>();
        let event = 0;
        for (const { ids, gone, clears, again } of steps) {
          const from = event;
          const upserts = [...new Set(ids)].map((id) => rowOf((event += 1), [String(id), `at ${event}`, null]));
          event += 1;
          const changes = { from, to: event, clears, deletes: gone.map((id) => [String(id)]), upserts };
          await target.apply(table, changes);
          if (again) await target.apply(table, changes);
          if (clears) model.clear();
          for (const id of gone) model.delete(id);
          for (const { values } of upserts) model.set(Number(values[0]), String(values[1]));
        }
        const rows = await valuesOf(target, table);
        expect(rows).toEqual(
          [...model].toSorted(([a], [b]) => a - b).map(([id, status]) => [String(id), status, null]),
        );
        expect((await target.open(table)).event).toBe(event);
      }),
      { numRuns: 25 },
    );
  });
});
