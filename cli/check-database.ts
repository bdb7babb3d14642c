import type { Pool } from 'pg';
import type { Config } from '../config/config.ts';
import { explain } from '../core/errors.ts';
import { databaseTrouble } from './database-trouble.ts';

/** The database that a check takes its permits from, or why it has none. */
export type CheckDatabase = { readonly pool: Pool } | { readonly without: string };

/** A check does without a database, for a definition is written before there is one. */
export async function withCheckDatabase<T>(config: Config, work: (database: CheckDatabase) => Promise<T>): Promise<T> {
  const { databaseUrl } = config;
  if (databaseUrl === undefined) return work({ without: 'there is no database' });
  const { openPool } = await import('../store/session/open-pool.ts');
  const pool = openPool(databaseUrl, 4, config.names.controlSchema);
  try {
    const trouble = await pool.query('select 1 from credentials limit 1').then(
      () => undefined,
      (error: unknown) => explain(databaseTrouble(error, databaseUrl)),
    );
    return await work(trouble === undefined ? { pool } : { without: trouble });
  } finally {
    await pool.end();
  }
}
