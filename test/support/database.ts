import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';

/** Migrated once by test/setup.ts; nobody stays connected to it, or it could not be cloned. */
export const TEMPLATE = 'syncline_template';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /** Ends the pool and drops the database, whoever else is connected. */
  drop(): Promise<void>;
}

/** A migrated database of this test file's own. */
export async function freshDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await inDatabase('postgres', `create database ${name} template ${TEMPLATE}`);
  const url = databaseUrl(name);
  const pool = new Pool({ connectionString: url });
  // Without a listener, a server that is killed under an idle client would end the test process.
  pool.on('error', () => {});
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await inDatabase('postgres', `drop database if exists ${name} with (force)`);
    },
  };
}

export function databaseUrl(name: string): string {
  const server = process.env['TEST_POSTGRES'];
  if (server === undefined) throw new Error('TEST_POSTGRES is set by test/setup.ts');
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function inDatabase(name: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl(name) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
