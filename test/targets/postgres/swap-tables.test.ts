import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { NeedsAttention } from '../../../core/errors.ts';
import { changesOf, orders, rowOf, valuesOf } from '../../support/target-rows.ts';
import { useKind } from '../kinds.ts';

const warehouse = useKind('postgres');

test('a table that a view reads is not dropped for another one: both stay, and the error says what to do', async () => {
  const definition = await warehouse.declare();
  const target = await warehouse.open(definition);
  const { id: over } = await target.open(orders);
  await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'live', null])]));
  const { id } = await target.open({ ...orders, place: 'fill' });
  const client = new Client({ connectionString: definition.type === 'postgres' ? definition.url : '' });
  await client.connect();
  await client.query('create view acme.statuses as select status from acme.orders');
  const refused = target.swap(orders, { from: 'fill', id, over });
  await expect(refused).rejects.toThrow(NeedsAttention);
  await expect(refused).rejects.toThrow(/cannot drop table acme\.orders .*drop the view, .* and make it again/);
  expect(await valuesOf(target, orders)).toEqual([['1', 'live', null]]);
  await client.query('drop view acme.statuses');
  await client.end();
  await target.swap(orders, { from: 'fill', id, over });
  expect(await target.placed(orders)).toMatchObject({ live: { id } });
});

test('views follow a rebuild and its rollback, with their grants and their own readers; one that cannot stays with the table of before', async () => {
  const definition = await warehouse.declare();
  const target = await warehouse.open(definition);
  const { id: first } = await target.open(orders);
  await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'live', null])]));
  const client = new Client({ connectionString: definition.type === 'postgres' ? definition.url : '' });
  await client.connect();
  await client.query('alter table acme.orders add mine text');
  await client.query('create schema golden');
  await client.query('create view golden.statuses with (security_barrier) as select status from acme.orders');
  await client.query('create view golden.counted as select count(*)::int as n from golden.statuses');
  await client.query('create view golden.mine as select id, mine from acme.orders');
  await client.query('grant select on golden.statuses to public');
  const seen = async (): Promise<unknown> => {
    const { rows } = await client.query(
      'select status, n, (select count(*)::int from golden.mine) as mine from golden.statuses, golden.counted',
    );
    return rows;
  };
  const build = { ...orders, place: 'build' } as const;
  const { id } = await target.open(build);
  await target.apply(build, changesOf(0, [rowOf(1, ['1', 'anew', null])]));
  await target.swap(orders, { from: 'build', id, over: first });
  expect(await seen()).toEqual([{ status: 'anew', n: 1, mine: 1 }]);
  await target.apply(orders, changesOf(1, [], { to: 2, deletes: [['1']] }));
  // Of the table of before it has the row.
  expect((await client.query('select * from golden.mine')).rows).toEqual([{ id: '1', mine: null }]);
  expect(await seen()).toEqual([]);
  await target.rollback(orders, first);
  expect(await seen()).toEqual([{ status: 'live', n: 1, mine: 1 }]);
  const { rows } = await client.query(
    `select has_table_privilege('public', 'golden.statuses', 'select') as granted, reloptions from pg_class where oid = 'golden.statuses'::regclass`,
  );
  expect(rows).toEqual([{ granted: true, reloptions: ['security_barrier=true'] }]);
  await client.end();
});

test('whoever reads a view again and again while tables change places is never ended as a deadlock', async () => {
  const definition = await warehouse.declare();
  const target = await warehouse.open(definition);
  const url = definition.type === 'postgres' ? definition.url : '';
  const { id: over } = await target.open(orders);
  await target.apply(orders, changesOf(0, [rowOf(1, ['1', 'live', null])]));
  const { id } = await target.open({ ...orders, place: 'build' });
  await target.swap(orders, { from: 'build', id, over });
  const readers = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  await readers[0]?.query('create view acme.statuses as select status from acme.orders');
  const swapped = new AbortController();
  const reading = readers.map(async (client) => {
    while (!swapped.signal.aborted) await client.query('select count(*) from acme.statuses');
  });
  for (let turn = 0; turn < 30; turn++) await target.rollback(orders, turn % 2 === 0 ? over : id);
  swapped.abort();
  await Promise.all(reading);
  for (const client of readers) await client.end();
  expect(await target.placed(orders)).toMatchObject({ live: { id }, old: { id: over } });
});
