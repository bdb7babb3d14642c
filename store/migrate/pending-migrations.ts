import type { Pool } from 'pg';
import { functionFiles } from './function-files.ts';
import { madeFunctions } from './made-functions.ts';
import { migrations } from './migration-files.ts';

/** What this version brings and the database lacks. A newer text of a function is no lack. */
export async function pendingMigrations(pool: Pool): Promise<readonly string[]> {
  const [{ rows }, names, files] = await Promise.all([
    pool.query<{ migrations: boolean; functions: boolean }>(
      `select to_regclass('migrations') is not null as migrations, to_regclass('functions') is not null as functions`,
    ),
    migrations(),
    functionFiles(),
  ]);
  const applied =
    rows[0]?.migrations === true ? await pool.query<{ name: string }>('select name from migrations') : { rows: [] };
  const known = new Set(applied.rows.map(({ name }) => name));
  const made = rows[0]?.functions === true ? await madeFunctions(pool) : new Map<string, readonly string[]>();
  return [
    ...names.filter((name) => !known.has(name)),
    ...files.filter(({ name, hash }) => made.get(name)?.includes(hash) !== true).map(({ file }) => file),
  ];
}
