import { describe, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInput } from '../../../core/errors.ts';
import { applySeries } from '../../support/duckdb-series.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { changesOf, orders, rowOf, valuesOf, visits } from '../../support/target-rows.ts';

const duckdb = useDuckdb();

describe('an export as Parquet', () => {
  test('holds every live table of one moment, and can be read', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await applySeries(target);
    await target.open({ ...orders, place: 'build' });
    await target.open(visits);
    await target.apply(visits, changesOf(0, [rowOf(1, ['/'])]));
    const folder = join(duckdb.newPath(), "it's", 'today');
    const rows = await valuesOf(target, orders);
    const exported = await target.exportParquet({ folder });
    expect(exported).toEqual([
      { schema: 'acme', table: 'orders', rows: rows.length, event: 600 },
      { schema: 'acme', table: 'visits', rows: 1, event: 1 },
    ]);
    expect(JSON.parse(await readFile(join(folder, 'tables.json'), 'utf8'))).toEqual(exported);
    const file = join(folder, 'acme', 'orders.parquet').replaceAll("'", "''");
    const read = await duckdb.query(
      ':memory:',
      `select id::varchar, status, rtrim(rtrim(amount::varchar, '0'), '.') from '${file}' order by id`,
    );
    expect(read).toEqual(rows);
    expect(await duckdb.query(':memory:', `select distinct compression from parquet_metadata('${file}')`)).toEqual([
      ['ZSTD'],
    ]);
    expect(await readdir(dirname(folder))).toEqual(['today']);
  });

  test('of some tables', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(orders);
    await target.open(visits);
    const folder = duckdb.newPath();
    await target.exportParquet({ folder, tables: [{ schema: 'acme', table: 'visits' }] });
    expect((await readdir(join(folder, 'acme'))).toSorted()).toEqual(['visits.parquet']);
  });

  test('of a file that nothing was loaded into holds no table, and says so of one that is asked for', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    const folder = duckdb.newPath();
    expect(await target.exportParquet({ folder })).toEqual([]);
    expect(await readdir(folder)).toEqual(['tables.json']);
    await expect(target.exportParquet({ folder: duckdb.newPath(), tables: [orders] })).rejects.toThrow(
      'no table acme.orders in this target; there are: none',
    );
  });

  test('that fails leaves nothing, and never touches what exists', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(orders);
    const folder = join(duckdb.newPath(), 'export');
    const tables = [orders, { schema: 'acme', table: 'none' }];
    await expect(target.exportParquet({ folder, tables })).rejects.toThrow(
      'no table acme.none in this target; there are: acme.orders',
    );
    expect(await readdir(dirname(folder))).toEqual([]);
    await mkdir(folder);
    await expect(target.exportParquet({ folder })).rejects.toThrow(InvalidInput);
    expect(await readdir(folder)).toEqual([]);
  });
});
