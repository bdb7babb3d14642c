import { Pool } from 'pg';
import { plainSchemas } from '../../core/schema-names.ts';
import { pinSession } from './pin-session.ts';

/** A pool whose connections find our tables without naming their schema, and mean what our SQL means. */
export function openPool(databaseUrl: string, max = 10, schema = plainSchemas.controlSchema): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, though its type does not say so
    onConnect: (client) => pinSession(client, schema),
    application_name: 'syncline',
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks is replaced on the next use; unheard, its error would end the process.
  pool.on('error', () => {});
  return pool;
}
