import { Client } from 'pg';
import { copyInto } from '../../targets/postgres/copy.ts';
import { readMigration } from '../../store/migrate/migration-files.ts';
import type { DatabaseCopy } from './fixture-file.ts';

/**
 * Puts a copy into an empty database. `rename`: what stood in it then, and what stands for it now, since partners listen at
 * other ports.
 */
export async function loadDatabase(
  url: string,
  copy: DatabaseCopy,
  rename: readonly (readonly [before: string, now: string])[],
): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('create schema syncline; set search_path = syncline');
    await client.query('create table migrations (name text primary key, applied_at timestamptz default now())');
    for (const name of copy.migrations) {
      for (const statement of (await readMigration(name)).statements) await client.query(statement);
      await client.query('insert into migrations (name) values ($1)', [name]);
    }
    for (const id of copy.streams) await client.query('select add_event_partition($1)', [id]);
    for (const statement of copy.targets) await client.query(statement);
    // Tables are in no order that foreign keys would want.
    await client.query('set session_replication_role = replica');
    for (const { into, lines } of copy.tables) {
      const text = rename.reduce((so, [before, now]) => so.replaceAll(before, now), lines);
      await copyInto(client, into, [Buffer.from(text)]);
    }
    for (const statement of copy.identities) await client.query(statement);
  } finally {
    await client.end();
  }
}
