import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, type Pool } from 'pg';
import { plainNames } from '../../core/names.ts';
import { quoted } from './quote.ts';

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));
/** Two migrators at once wait for each other on this advisory lock. */
const LOCK = 7_305_112;

/** Brings the database up to date: each migration once, in order, in a transaction of its own. Safe to repeat and to race. */
export async function migrate(databaseUrl: string, schema = plainNames.controlSchema): Promise<readonly string[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(`create schema if not exists ${quoted(schema)}`);
    await client.query(`set search_path = ${quoted(schema)}`);
    await client.query(
      'create table if not exists migrations (name text primary key, applied_at timestamptz default now())',
    );
    const { rows } = await client.query<{ name: string }>('select name from migrations');
    const known = new Set(rows.map((row) => row.name));
    const pending = (await migrations()).filter((name) => !known.has(name));
    for (const name of pending) await apply(client, name);
    return pending;
  } finally {
    await client.end();
  }
}

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

async function apply(client: Client, name: string): Promise<void> {
  const sql = await readFile(`${folder}${name}`, 'utf8');
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into migrations (name) values ($1)', [name]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${name} failed and was rolled back`, { cause: error });
  }
}
