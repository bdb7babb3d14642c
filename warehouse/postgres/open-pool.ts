import { Pool } from 'pg';
import { plainSchemas } from '../../core/schema-names.ts';

/** A pool whose connections find our tables without naming their schema. */
export function openPool(databaseUrl: string, max = 10, schema = plainSchemas.controlSchema): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max,
    options: `-c search_path=${schema}`,
    application_name: 'syncline',
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks is replaced on the next use; unheard, its error would end the process.
  pool.on('error', () => {});
  return pool;
}
