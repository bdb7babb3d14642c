import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { plainNames } from '../../messages/names.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { databaseUrl, inDatabase } from './database.ts';

export interface EmptyDatabase {
  readonly url: string;
  /** As the product opens it. */
  readonly pool: Pool;
}

/** Runs the work in a database that nobody has migrated, and drops it. */
export async function inEmptyDatabase<T>(
  work: (database: EmptyDatabase) => Promise<T>,
  schema = plainNames.controlSchema,
): Promise<T> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await inDatabase('postgres', `create database ${name}`);
  const pool = openPool(databaseUrl(name), 1, schema);
  try {
    return await work({ url: databaseUrl(name), pool });
  } finally {
    await pool.end();
    await inDatabase('postgres', `drop database ${name} with (force)`);
  }
}
