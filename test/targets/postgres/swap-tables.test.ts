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
