import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidInput, NeedsAttention, RetryLater } from '../../../core/errors.ts';
import { DuckdbFile } from '../../../targets/duckdb/duckdb-file.ts';
import { loadDriver } from '../../../targets/duckdb/load-driver.ts';
import { duckdbDefaults } from '../../../targets/duckdb/open-duckdb.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { applySeries } from '../../support/duckdb-series.ts';
import { changesOf, orders, rowOf, valuesOf } from '../../support/target-rows.ts';

const duckdb = useDuckdb();
const program = fileURLToPath(new URL('../../../dist/test/support/duckdb-writer.js', import.meta.url));

describe('the file of a DuckDB target', () => {
  test('is made with its folder', async () => {
    const path = join(duckdb.newPath(), 'deep', 'er', 'a.duckdb');
    const target = await duckdb.open({ path });
    expect(await target.check()).toMatch(/^DuckDB v\d/);
    expect((await stat(path)).isFile()).toBe(true);
  });

  test('held by another process: says which, and works when that has ended', async () => {
    const path = duckdb.newPath();
    const child = spawn(process.execPath, [program, path, 'hold'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    try {
      await once(child.stdout, 'data');
      const target = await duckdb.open({ path });
      await expect(target.open(orders)).rejects.toThrow(`is in use by process ${child.pid} (`);
      await expect(target.open(orders)).rejects.toBeInstanceOf(RetryLater);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await target.open(orders)).toMatchObject({ event: 0 });
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('is shared by two targets of one process, and closed by the last', async () => {
    const path = duckdb.newPath();
    const [one, two] = [await duckdb.open({ path }), await duckdb.open({ path })];
    await one.open(orders);
    await Promise.all([
      one.apply(orders, changesOf(0, [rowOf(1, ['1', 'a', null])])),
      two.apply(orders, changesOf(1, [rowOf(2, ['2', 'b', null])])),
    ]);
    await one.close();
    expect(await valuesOf(two, orders)).toHaveLength(2);
  });

  test('loses what a process that was killed has left beside it, and not what one here is using', async () => {
    const path = duckdb.newPath();
    await mkdir(`${path}.tmp`, { recursive: true });
    const names = ['duckdb_temp_storage_DEFAULT-0.tmp', 'duckdb_temp_storage_S64K-0.tmp', 'mine.txt'] as const;
    for (const name of names) await writeFile(join(`${path}.tmp`, name), 'rows');
    const before = new Date(performance.timeOrigin - 60_000);
    for (const name of [names[0], names[2]]) await utimes(join(`${path}.tmp`, name), before, before);
    await (await duckdb.open({ path })).open(orders);
    expect((await readdir(`${path}.tmp`)).toSorted()).toEqual([names[1], names[2]]);
  });

  test('is no DuckDB file', async () => {
    const path = duckdb.newPath();
    await writeFile(path, 'no database '.repeat(2_000));
    const target = await duckdb.open({ path });
    await expect(target.check()).rejects.toThrow(NeedsAttention);
    await expect(target.check()).rejects.toThrow('is not a DuckDB file: give the target another path');
    expect(await readFile(path, 'utf8')).toContain('no database');
  });

  test('is damaged', async () => {
    const path = duckdb.newPath();
    await duckdb.query(path, 'create table x (a int)', 'checkpoint');
    const file = await open(path, 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 16);
    await file.close();
    await expect((await duckdb.open({ path })).check()).rejects.toThrow('is damaged: move it away');
  });

  test('was deleted while it was open: everything begins again', async () => {
    const path = duckdb.newPath();
    const target = await duckdb.open({ path });
    await applySeries(target);
    const before = await valuesOf(target, orders);
    await rm(path);
    expect(await target.open(orders)).toMatchObject({ event: 0 });
    await applySeries(target);
    expect(await valuesOf(target, orders)).toEqual(before);
  });

  test('was deleted while nobody had it open, and its write-ahead log was left', async () => {
    const path = duckdb.newPath();
    const child = spawn(process.execPath, [program, path, 'committed', '3'], {
      stdio: 'inherit',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    await once(child, 'exit');
    expect((await stat(`${path}.wal`)).size).toBeGreaterThan(0);
    await rm(path);
    expect(await (await duckdb.open({ path })).open(orders)).toMatchObject({ event: 0 });
  });

  test('an older copy put back stands where it stood, and is caught up', async () => {
    const path = duckdb.newPath();
    const first = await duckdb.open({ path });
    await first.open(orders);
    await first.close();
    await copyFile(path, `${path}.yesterday`);
    const second = await duckdb.open({ path });
    await applySeries(second);
    const today = await valuesOf(second, orders);
    await second.close();
    await copyFile(`${path}.yesterday`, path);
    const third = await duckdb.open({ path });
    expect(await third.open(orders)).toMatchObject({ event: 0 });
    await applySeries(third);
    expect(await valuesOf(third, orders)).toEqual(today);
  });

  test('an older copy beside a newer write-ahead log is refused', async () => {
    const path = duckdb.newPath();
    const first = await duckdb.open({ path });
    await first.open(orders);
    await first.close();
    await copyFile(path, `${path}.yesterday`);
    const second = await duckdb.open({ path });
    await applySeries(second, { ...orders, table: 'other' });
    await second.close();
    const again = spawn(process.execPath, [program, path, 'committed', '3'], {
      stdio: 'inherit',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    await once(again, 'exit');
    await copyFile(`${path}.yesterday`, path);
    await expect((await duckdb.open({ path })).check()).rejects.toThrow(`delete ${path}.wal`);
  });

  test.each([
    'md:acme',
    'motherduck:acme?token=secret',
    'ducklake:catalog.ducklake',
    's3://bucket/a.duckdb',
    ':memory:',
    '',
  ])('path %p is refused without what may be secret in it', async (path) => {
    const refused = duckdb.open({ path });
    await expect(refused).rejects.toThrow(InvalidInput);
    await expect(refused).rejects.not.toThrow('secret');
  });

  test('a folder in its place is said', async () => {
    const path = duckdb.newPath();
    await mkdir(path);
    await expect((await duckdb.open({ path })).check()).rejects.toThrow('is a folder');
  });

  test('a statement that takes too long is interrupted, and the next one works', async () => {
    const file = new DuckdbFile(await loadDriver(), { ...duckdbDefaults, path: duckdb.newPath(), timeoutMs: 500 });
    try {
      await file.write(async ({ sql }) => {
        const years = sql.transaction(async () => {
          await sql.run('create table begun (id integer)');
          await sql.rows('select sum(hash(a.range + b.range)) from range(10000000) a, range(10000000) b');
        });
        await expect(years).rejects.toThrow('took longer than 0.5 s');
        await expect(sql.rows('select count(*) from begun')).rejects.toThrow('does not exist');
        expect(await sql.rows('select 1')).toEqual([[1]]);
      });
    } finally {
      await file.close();
    }
  });

  test('without the driver it says what to install', async () => {
    await expect(loadDriver(() => Promise.reject(new Error('Cannot find package')))).rejects.toThrow(
      'npm install @duckdb/node-api',
    );
  });
});
