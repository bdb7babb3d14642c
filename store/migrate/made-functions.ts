import type { ClientBase, Pool } from 'pg';

/**
 * Hashes of the texts of each function that were ever made here, the one in force last. A function that somebody dropped was
 * never made, whatever the table says.
 */
export async function madeFunctions(client: ClientBase | Pool): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ name: string; hashes: string[] }>(
    `select name, array_agg(hash order by made_no) as hashes from functions
      where exists (select from pg_proc
        where proname = name and pronamespace = (select oid from pg_namespace where nspname = current_schema()))
      group by name`,
  );
  return new Map(rows.map(({ name, hashes }) => [name, hashes]));
}
