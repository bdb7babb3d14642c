import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));

export async function migrations(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
}

/** Migrations that this version brings and the database lacks. */
export async function pendingMigrations(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ there: boolean }>(`select to_regclass('migrations') is not null as there`);
  if (rows[0]?.there !== true) return migrations();
  const applied = await pool.query<{ name: string }>('select name from migrations');
  const known = new Set(applied.rows.map((row) => row.name));
  return (await migrations()).filter((name) => !known.has(name));
}

export interface MigrationSteps {
  /** One transaction of all of it; else each statement by itself, since PostgreSQL takes none of them in a transaction. */
  readonly inTransaction: boolean;
  readonly statements: readonly string[];
}

export async function readMigration(name: string): Promise<MigrationSteps> {
  return stepsOf(await readFile(`${folder}${name}`, 'utf8'));
}

export function stepsOf(sql: string): MigrationSteps {
  const bare = sql.replaceAll(/^\s*--.*$/gm, '');
  if (!/^\s*(create|drop) (unique )?index concurrently/im.test(bare)) return { inTransaction: true, statements: [sql] };
  const statements = bare
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const other = statements.find((statement) => !/^(create|drop) (unique )?index concurrently/i.test(statement));
  if (other !== undefined)
    throw new Error(`a migration of indexes made concurrently may hold nothing else, found: ${other.slice(0, 60)}`);
  return { inTransaction: false, statements };
}
