import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openPool } from '../../warehouse/postgres/postgres-warehouse.ts';
import { migrate, migrations, pendingMigrations } from '../../warehouse/postgres/migrate.ts';
import { databaseUrl, inDatabase } from '../support/database.ts';

const name = `test_${randomUUID().replaceAll('-', '')}`;
beforeAll(() => inDatabase('postgres', `create database ${name}`));
afterAll(() => inDatabase('postgres', `drop database ${name} with (force)`));

test('an empty database gets every migration once, though several migrate it at once, and then none', async () => {
  const pool = openPool(databaseUrl(name));
  try {
    const all = await migrations();
    expect(all.length).toBeGreaterThan(0);
    expect(await pendingMigrations(pool)).toEqual(all);
    const applied = await Promise.all([1, 2, 3].map(() => migrate(databaseUrl(name))));
    expect(applied.map((names) => names.length).toSorted((a, b) => a - b)).toEqual([0, 0, all.length]);
    expect(applied.flat()).toEqual(all);
    expect(await migrate(databaseUrl(name))).toEqual([]);
    expect(await pendingMigrations(pool)).toEqual([]);
  } finally {
    await pool.end();
  }
});
