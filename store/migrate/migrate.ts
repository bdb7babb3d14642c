import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { plainSchemas } from '../../core/schema-names.ts';
import { checkApart } from '../session/check-sessions.ts';
import { functionFiles } from './function-files.ts';
import { makeFunctions } from './make-functions.ts';
import { migrations, readMigration, type Migration } from './migration-files.ts';
import { openClient } from '../session/open-session.ts';
import { quoted } from '../../core/sql-text.ts';
import { defaultPatience, withPatience, type MigratePatience } from './with-patience.ts';

export { migrations } from './migration-files.ts';
export { pendingMigrations } from './pending-migrations.ts';

/** Two migrators at once wait for each other on this advisory lock. */
const LOCK = 7_305_112;

/**
 * Brings the database up to date: each migration once, in order, then the functions whose text is another one. Safe to repeat, to
 * race, and under running workers. Returns what it applied, named as `pendingMigrations` does.
 */
export async function migrate(
  databaseUrl: string,
  { schema = plainSchemas.controlSchema, ...given }: Partial<MigratePatience> & { readonly schema?: string } = {},
): Promise<readonly string[]> {
  const patience = { ...defaultPatience, ...given };
  const client = await openClient(databaseUrl, { name: NAME, schema });
  let watcher: Client | undefined;
  try {
    // Names of tables are told with their schema.
    watcher = await openClient(databaseUrl, { name: NAME, schema: 'pg_catalog' });
    await checkApart(client, watcher);
    const to = { client, watcher, pid: await takeTurn(client) };
    await client.query(`create schema if not exists ${quoted(schema)}`);
    await client.query(
      'create table if not exists migrations (name text primary key, applied_at timestamptz default now())',
    );
    const { rows } = await client.query<{ name: string }>('select name from migrations');
    const known = new Set(rows.map((row) => row.name));
    const applied = (await migrations()).filter((name) => !known.has(name));
    const pending = await Promise.all(applied.map(readMigration));
    for (const migration of pending.filter(({ kind }) => kind !== 'drops of functions')) {
      const [what, inTransaction] = [`migration ${migration.name}`, migration.kind === 'transaction'];
      await withPatience(to, { what, inTransaction, apply: () => apply(client, migration) }, patience);
    }
    const files = await functionFiles();
    const drops = pending.filter(({ kind }) => kind === 'drops of functions');
    const make = (): Promise<readonly string[]> => makeFunctions(client, { schema, files, drops });
    const made = await withPatience(
      to,
      { what: 'the change of functions', inTransaction: true, apply: make },
      patience,
    );
    return [...applied, ...made];
  } finally {
    await Promise.allSettled([client.end(), watcher?.end()]);
  }
}

const NAME = 'syncline migrate';

/** Returns the process id of our own connection. By asking again: an index that is made concurrently waits for every older statement, also for one that waits for us. */
async function takeTurn(client: Client): Promise<number> {
  for (;;) {
    const { rows } = await client.query<{ ours: boolean; pid: number }>(
      'select pg_try_advisory_lock($1) as ours, pg_backend_pid() as pid',
      [LOCK],
    );
    if (rows[0]?.ours === true) return rows[0].pid;
    await wait(100);
  }
}

async function apply(client: Client, { name, kind, statements }: Migration): Promise<void> {
  const note = (): Promise<unknown> => client.query('insert into migrations (name) values ($1)', [name]);
  if (kind !== 'transaction') {
    for (const statement of statements) await client.query(statement);
    await note();
    return;
  }
  await client.query('begin');
  try {
    for (const statement of statements) await client.query(statement);
    await note();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
