import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { InvalidInput } from '../../../core/errors.ts';
import type { ExportNotes } from '../../../targets/target.ts';
import { applySeries } from '../../support/duckdb-series.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { changesOf, orders, rowOf, valuesOf, visits } from '../../support/target-rows.ts';

const duckdb = useDuckdb();

/** Notes that nobody keeps, but what was called and which folders there were then. */
function aloud(told: string[] = [], beside?: string): ExportNotes {
  const see = async (what: string): Promise<void> => {
    const names = beside === undefined ? [] : await readdir(beside).catch(() => []);
    told.push([what, ...names.map((name) => (name.startsWith('.') ? 'hidden' : name))].join(' '));
  };
  return {
    id: randomUUID(),
    begin: () => see('begin'),
    end: async (_tables, publish) => {
      await see('end');
      await publish();
      await see('published');
    },
    fail: () => see('fail'),
  };
}

describe('an export as Parquet', () => {
  test('holds every live table of one moment, and can be read', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await applySeries(target);
    await target.open({ ...orders, place: 'build' });
    await target.open(visits);
    await target.apply(visits, changesOf(0, [rowOf(1, ['/'])]));
    const folder = join(duckdb.newPath(), "it's", 'today');
    const rows = await valuesOf(target, orders);
    const exported = await target.exportParquet({ folder, notes: aloud() });
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
    await target.exportParquet({ folder, notes: aloud(), tables: [{ schema: 'acme', table: 'visits' }] });
    expect((await readdir(join(folder, 'acme'))).toSorted()).toEqual(['visits.parquet']);
  });

  test('of a file that nothing was loaded into holds no table, and says so of one that is asked for', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    const folder = duckdb.newPath();
    expect(await target.exportParquet({ folder, notes: aloud() })).toEqual([]);
    expect((await readdir(folder)).toSorted()).toEqual(['export.json', 'tables.json']);
    await expect(target.exportParquet({ folder: duckdb.newPath(), notes: aloud(), tables: [orders] })).rejects.toThrow(
      'no table acme.orders in this target; there are: none',
    );
  });

  test('is noted before anything of it is there, and gets its name while it is noted as complete', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(orders);
    const folder = join(duckdb.newPath(), 'export');
    const told: string[] = [];
    await target.exportParquet({ folder, notes: aloud(told, dirname(folder)) });
    expect(told).toEqual(['begin', 'end hidden', 'published export']);
    const refused: string[] = [];
    const other = join(duckdb.newPath(), 'export');
    const notes = { ...aloud(refused), end: () => Promise.reject(new Error('stopped')) };
    await expect(target.exportParquet({ folder: other, notes })).rejects.toThrow('stopped');
    expect([refused, await readdir(dirname(other))]).toEqual([['begin', 'fail'], []]);
  });

  test('that fails leaves nothing, and never touches what exists', async () => {
    const target = await duckdb.open({ path: duckdb.newPath() });
    await target.open(orders);
    const folder = join(duckdb.newPath(), 'export');
    const tables = [orders, { schema: 'acme', table: 'none' }];
    await expect(target.exportParquet({ folder, notes: aloud(), tables })).rejects.toThrow(
      'no table acme.none in this target; there are: acme.orders',
    );
    expect(existsSync(dirname(folder))).toBe(false);
    await mkdir(folder, { recursive: true });
    await expect(target.exportParquet({ folder, notes: aloud() })).rejects.toThrow(InvalidInput);
    expect(await readdir(folder)).toEqual([]);
  });
});
