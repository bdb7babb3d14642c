import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../services/postgres.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { schemaText } from './schema-text.ts';

/** `dump-schema`: writes store/schema.sql as the migrations and functions of this tree make it, in a PostgreSQL of its own. */
const postgres = await startPostgres({ dataDir: join(tmpdir(), `syncline-schema-${randomUUID()}`), durable: false });
try {
  await migrate(postgres.url);
  const pool = openPool(postgres.url, 1);
  await writeFile('store/schema.sql', await schemaText(pool));
  await pool.end();
} finally {
  await postgres.stop();
}
