import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

const document = readFileSync(new URL('../../docs/nested.md', import.meta.url), 'utf8');
const fence = (language: string, at = 0): string =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))][at]?.[1] as string;
const budget = { errorBudget: { count: 9, share: 1 } };
const defined = { ...(parse(fence('yaml')) as StreamInput), ...budget };
const [records, rows, parents, elements] = [0, 1, 2, 3].map(
  (at) => JSON.parse(fence('json', at)) as Record<string, unknown>[],
);

let own: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
});
afterAll(() => own.close());

test('docs/nested.md: objects become the columns that it shows, and a table that is there gains them', async () => {
  const { flatten: _flatten, ...plain } = defined;
  const acme = await own.partner(() => ({ body: records as object }), { customers: plain, flat: defined });
  const tableOf = async (table: string): Promise<unknown[]> =>
    (
      await own.pool.query<{ row: object }>(
        `select to_jsonb(t) - '{_event,_page,_run,_version,_hash,_loaded_at,_deleted_at}'::text[] as row from ${acme.name}.${table} t order by id`,
      )
    ).rows.map(({ row }) => row);
  expect(await acme.read('flat')).toMatchObject({ outcome: 'partial', counts: { inserted: 2, quarantined: 1 } });
  expect(await tableOf('flat')).toEqual(rows);
  const { rows: held } = await own.pool.query('select path, reason from syncline.quarantine');
  expect(held.map(({ path, reason }) => `${path}: ${reason}`)).toEqual(['address.city: expected string, found number']);

  await acme.read('customers');
  await acme.define({ customers: defined });
  await acme.read('customers', { window: '2026-11-26' });
  const kept = (records as { address?: unknown }[]).map(({ address = null }) => address);
  expect(await tableOf('customers')).toEqual(rows?.map((row, n) => ({ ...row, address: kept[n] })));
});

test('docs/nested.md: elements of a list are rows of a table of their own', async () => {
  const orders = { ...(parse(fence('yaml', 1)) as StreamInput), ...budget };
  const acme = await own.partner(() => ({ body: parents as object }), { orders });
  expect(await acme.read('orders')).toMatchObject({ outcome: 'partial', counts: { inserted: 2, quarantined: 1 } });
  const { rows: landed } = await own.pool.query<{ row: object }>(
    `select to_jsonb(t) as row from ${acme.name}.orders_items t order by orders_id, _position`,
  );
  expect(landed.map(({ row }) => row)).toEqual(elements);
  const { rows: held } = await own.pool.query(
    `select path, reason from syncline.quarantine join syncline.streams using (stream_id) where partner = $1`,
    [acme.name],
  );
  expect(held).toEqual([{ path: 'items.0.qty', reason: 'expected number, found string' }]);
});
