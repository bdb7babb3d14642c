import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { killSyncline, runSyncline } from './run-syncline.ts';

let partners: OwnPartners;
let env: Record<string, string>;
beforeAll(async () => {
  partners = await ownPartners();
  env = { DATABASE_URL: partners.databaseUrl, SYNCLINE_PARTNERS_DIR: partners.folder, SYNCLINE_HOME: partners.folder };
});
afterAll(() => partners.close());

const GATE = 4711;
const orders = (type: 'integer' | 'number') => ({
  orders: {
    path: '/orders',
    primaryKey: ['id'],
    schema: {
      type: 'object' as const,
      required: ['id'],
      properties: { id: { type: 'string' as const }, amount: { type: [type, 'null'] } },
    },
  },
});

test('a change of types that is killed while columns take their names leaves the table as it was, and is done by the next one', async () => {
  const { pool } = partners;
  const records = Array.from({ length: 50 }, (_, n) => ({ id: `o${n}`, amount: n }));
  const partner = await partners.partner(() => ({ body: records }), orders('integer'));
  await partner.read('orders');
  await partner.define(orders('number'));
  const typed = async (): Promise<unknown> => {
    const { rows } = await pool.query(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = $1::regclass and attname like '%amount' and not attisdropped order by attname`,
      [`"${partner.name}".orders`],
    );
    return rows;
  };
  const values = async (): Promise<unknown> =>
    (await pool.query(`select id, amount::text from "${partner.name}".orders order by id`)).rows;
  const before = await values();
  // Whoever drops the old column stands at a gate until we open it.
  await pool.query(`create function gate() returns event_trigger language plpgsql as
    $$ begin if exists (select from pg_event_trigger_dropped_objects() where object_type = 'table column')
      then perform pg_advisory_xact_lock(${GATE}); end if; end $$`);
  await pool.query('create event trigger gate on sql_drop execute function gate()');
  const gate = await pool.connect();
  try {
    await gate.query(`select pg_advisory_lock(${GATE})`);
    const standing = async (): Promise<boolean> =>
      (await gate.query(`select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`))
        .rowCount === 1;
    await killSyncline(['plan', partner.name, 'orders', '--apply'], { env, when: standing });
    await gate.query(`select pg_advisory_unlock(${GATE})`);
    await eventually(async () => !(await standing()));
  } finally {
    gate.release();
    await pool.query('drop event trigger gate');
  }
  expect(await values()).toEqual(before);
  expect(await typed()).toEqual([
    { name: '_new_amount', type: 'numeric' },
    { name: 'amount', type: 'bigint' },
  ]);
  expect(await runSyncline(['plan', partner.name, 'orders'], env)).toMatchObject({ code: 3 });
  expect(await runSyncline(['plan', partner.name, 'orders', '--apply'], env)).toMatchObject({ code: 0 });
  expect(await values()).toEqual(before);
  expect(await typed()).toEqual([{ name: 'amount', type: 'numeric' }]);
  expect(await partner.read('orders', { window: '2026-12-01' })).toMatchObject({
    outcome: 'ok',
    counts: { fetched: 50, unchanged: 50 },
  });
});
