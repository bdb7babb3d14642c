import { describe, expect, test } from '@jest/globals';
import { freshDatabase } from '../support/database.ts';

describe('freshDatabase', () => {
  test('gives migrated databases that know nothing of each other', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    await one.pool.query('create table only_here (id integer)');
    const here = `select to_regclass('only_here') is not null as here, to_regclass('syncline.migrations') is not null as migrated`;
    expect((await one.pool.query(here)).rows).toEqual([{ here: true, migrated: true }]);
    expect((await two.pool.query(here)).rows).toEqual([{ here: false, migrated: true }]);
    await Promise.all([one.drop(), two.drop()]);
    const other = await freshDatabase();
    const left = await other.pool.query('select 1 from pg_database where datname = $1', [
      new URL(one.url).pathname.slice(1),
    ]);
    expect(left.rowCount).toBe(0);
    await other.drop();
  });
});
