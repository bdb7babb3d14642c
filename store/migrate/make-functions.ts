import type { ClientBase } from 'pg';
import { NeedsAttention } from '../../core/errors.ts';
import type { FunctionFile } from './function-files.ts';
import { madeFunctions } from './made-functions.ts';
import type { Migration } from './migration-files.ts';
import { quoted } from '../../core/sql-text.ts';

export interface FunctionsToMake {
  readonly schema: string;
  readonly files: readonly FunctionFile[];
  /** Migrations of nothing else. */
  readonly drops: readonly Migration[];
}

/**
 * Makes each function whose text is not the one that was made last, and returns their files. One transaction with the drops, so
 * that running workers find a whole set of functions at any moment, either the old one or the new one.
 */
export async function makeFunctions(
  client: ClientBase,
  { schema, files, drops }: FunctionsToMake,
): Promise<readonly string[]> {
  await client.query('begin');
  try {
    // A function that takes its search_path `from current` gets this one.
    await client.query(`set local search_path = ${quoted(schema)}, pg_temp`);
    for (const { name, statements } of drops) {
      for (const statement of statements) await client.query(statement);
      await client.query('insert into migrations (name) values ($1)', [name]);
    }
    const made = await madeFunctions(client);
    const changed = files.filter(({ name, hash }) => made.get(name)?.at(-1) !== hash);
    // First without a look into their bodies, since they call each other; then again, with it.
    for (const check of ['off', 'on']) {
      await client.query(`set local check_function_bodies = ${check}`);
      for (const file of changed) await make(client, file);
    }
    for (const { name, hash } of changed)
      await client.query('insert into functions (name, hash) values ($1, $2)', [name, hash]);
    await client.query('commit');
    return changed.map(({ file }) => file);
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** SQLSTATE 42P13: `create or replace` changes neither the result nor the names of parameters. */
const otherSignature = '42P13';

async function make(client: ClientBase, { name, text }: FunctionFile): Promise<void> {
  const before = await signaturesOf(client, name);
  try {
    await client.query(text);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === otherSignature)
      throw undropped(name, before, { cause: error });
    throw new Error(`function ${name} was not made; all functions are as they were`, { cause: error });
  }
  const after = await signaturesOf(client, name);
  if (after.length !== 1) throw undropped(name, before);
}

async function signaturesOf(client: ClientBase, name: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ signature: string }>(
    `select format('%I(%s)', proname, pg_get_function_identity_arguments(p.oid)) as signature
      from pg_proc p join pg_namespace n on n.oid = pronamespace
      where proname = $1 and nspname = current_schema() order by 1`,
    [name],
  );
  return rows.map(({ signature }) => signature);
}

const undropped = (name: string, before: readonly string[], options?: ErrorOptions): NeedsAttention =>
  new NeedsAttention(
    `function ${name} was not made, all functions are as they were: store/functions/${name}.sql has another signature than ` +
      `${before.join(' and ')} of the database. Add a migration of nothing but \`drop function if exists …;\``,
    options,
  );
