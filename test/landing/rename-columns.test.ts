import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readPlans } from '../../landing/read-plans.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { renameColumns } from '../../landing/rename-columns.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream } from '../support/define-stream.ts';
import { runAll, runOf } from './run-of.ts';

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
let windows = 0;
const define = (properties: Record<string, unknown>, more: Partial<StreamInput> = {}, name = `acme${++partners}`) =>
  defineStream({ version: [], schema: { type: 'object', properties }, ...more }, { name });
const again = (stream: CompiledStream, properties: Record<string, unknown>, more: Partial<StreamInput> = {}) =>
  define(properties, more, stream.partner.name);
const read = async (stream: CompiledStream, records: readonly unknown[]): Promise<void> => {
  const run = await runOf(warehouse, stream, {
    window: `2026-02-${String((windows = (windows % 27) + 1)).padStart(2, '0')}`,
  });
  await run.commit(run.page(records));
};
const rows = async (stream: CompiledStream, columns: string): Promise<unknown[]> =>
  (await pool.query(`select ${columns}, _extra from ${stream.schema}.${stream.table} order by 1`)).rows;
/** A table made anew of the log would be the same. */
const expectAsLog = async (stream: CompiledStream): Promise<void> => {
  const report = await rebuildTable(pool, { stream, dryRun: true, acceptUnfit: false, progress: () => {} });
  expect(report).toMatchObject({ differences: { changed: 0, gone: 0, came: 0 }, unfit: { events: 0 } });
};
const id = { type: 'string' };

describe('a column of another name', () => {
  test('waits for a person, is renamed without writing a row, and is read by both names', async () => {
    const old = define({ id, amount: { type: 'integer' } });
    await read(old, [{ id: 'a', amount: 1 }, { id: 'b' }]);
    const changed = again(old, { id, total: { type: 'integer', was: 'amount' } });
    await expect(runOf(warehouse, changed)).rejects.toThrow(
      /column \w+\.orders\.amount is called total by the definition: .* `syncline plan \w+ orders --apply` rename it/,
    );
    expect(await readPlans(pool, [changed])).toMatchObject([
      { renamed: [{ from: 'amount', to: 'total' }], added: [], kept: [], retyped: [], fault: undefined },
    ]);
    const place = async (): Promise<unknown> =>
      (await pool.query(`select id, ctid::text, xmin::text from ${old.schema}.orders order by id`)).rows;
    const before = await place();
    expect(await renameColumns(pool, changed)).toEqual([{ from: 'amount', to: 'total' }]);
    expect(await renameColumns(pool, changed)).toEqual([]);
    expect(await place()).toEqual(before);
    expect(await readPlans(pool, [changed])).toMatchObject([{ renamed: [], added: [], kept: [] }]);
    // The new name counts where both are there, also as null; the old one is then a field that no schema names.
    await read(changed, [
      { id: 'c', amount: 3 },
      { id: 'd', total: 4 },
      { id: 'e', total: 5, amount: 6 },
    ]);
    expect(await rows(changed, 'id, total::text')).toEqual([
      { id: 'a', total: '1', _extra: null },
      { id: 'b', total: null, _extra: null },
      { id: 'c', total: '3', _extra: null },
      { id: 'd', total: '4', _extra: null },
      { id: 'e', total: '5', _extra: { amount: 6 } },
    ]);
    await expectAsLog(changed);
  });

  test('that came under its new name before the definition knew is filled from the log', async () => {
    const old = define({ id, amount: { type: ['integer', 'null'] } });
    await read(old, [
      { id: 'a', amount: 1 },
      { id: 'b', total: 2 },
      { id: 'c', total: null, amount: 3 },
    ]);
    const changed = again(old, { id, total: { type: ['integer', 'null'], was: 'amount' } });
    await renameColumns(pool, changed);
    await read(changed, []);
    expect(await rows(changed, 'id, total::text')).toEqual([
      { id: 'a', total: '1', _extra: null },
      { id: 'b', total: '2', _extra: null },
      { id: 'c', total: null, _extra: { amount: 3 } },
    ]);
    await expectAsLog(changed);
  });

  test('may be of the key, of an object that is flattened, and several names behind', async () => {
    const old = define(
      { code: id, addr: { type: 'object', properties: { town: { type: 'string' } } } },
      { primaryKey: ['code'], flatten: true },
    );
    await read(old, [{ code: 'a', addr: { town: 'Delft' } }]);
    const properties = {
      number: { ...id, was: ['no', 'code'] },
      address: { type: 'object', was: 'addr', properties: { city: { type: 'string', was: ['place', 'town'] } } },
    };
    const changed = again(old, properties, { primaryKey: ['number'], flatten: true });
    expect(await renameColumns(pool, changed)).toEqual([
      { from: 'code', to: 'number' },
      { from: 'addr_town', to: 'address_city' },
    ]);
    await read(changed, [
      { no: 'a', addr: { place: 'Gouda' } },
      { number: 'b', address: { town: 'Leiden', zip: 1 } },
    ]);
    expect(await rows(changed, 'number, address_city')).toEqual([
      { number: 'a', address_city: 'Gouda', _extra: null },
      { number: 'b', address_city: 'Leiden', _extra: { address: { zip: 1 } } },
    ]);
    await expectAsLog(changed);
  });

  test('is not taken where both are there', async () => {
    const old = define({ id, amount: { type: 'integer' } });
    await read(old, [{ id: 'a', amount: 1 }]);
    await read(again(old, { id, total: { type: 'integer' } }), [{ id: 'a', amount: 2 }]);
    const changed = again(old, { id, total: { type: 'integer', was: 'amount' } });
    const both = /has column total and column amount, and the definition says that they are one field: drop/;
    expect(await readPlans(pool, [changed])).toMatchObject([{ renamed: [], fault: expect.stringMatching(both) }]);
    await expect(renameColumns(pool, changed)).rejects.toThrow(both);
    await expect(runOf(warehouse, changed)).rejects.toThrow(both);
    // The cure that it names.
    await pool.query(`alter table ${old.schema}.orders drop column amount`);
    await read(changed, []);
    await rebuildTable(pool, { stream: changed, dryRun: false, acceptUnfit: false, progress: () => {} });
    expect(await rows(changed, 'id, total::text')).toEqual([{ id: 'a', total: '2', _extra: null }]);
  });

  test('keeps a replace that is under way', async () => {
    const replace = { disposition: 'replace' } as const;
    const old = define({ id, amount: { type: 'integer' } }, replace);
    await runAll(warehouse, old, [[{ id: 'a', amount: 1 }]]);
    const half = await runOf(warehouse, old, { window: '2026-03-01' });
    await half.commit(half.page([{ id: 'b', amount: 2 }]));
    const changed = again(old, { id, total: { type: 'integer', was: 'amount' } }, replace);
    expect(await renameColumns(pool, changed)).toHaveLength(1);
    const { rows: shadows } = await pool.query(
      `select count(*)::integer as count from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relname like '\\_shadow%' and a.attname = 'total' and c.relnamespace = $1::regnamespace`,
      [old.schema],
    );
    expect(shadows).toEqual([{ count: 1 }]);
  });
});
