import { buffer } from 'node:stream/consumers';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { DatabaseCopy, TableRows } from './fixture-file.ts';

/** All of an installation as it is at one moment, while workers go on: what a dump does, without its program. */
export async function copyDatabase(client: Client): Promise<DatabaseCopy> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const texts = async (sql: string): Promise<readonly string[]> =>
      (await client.query<{ text: string }>(sql)).rows.map(({ text }) => text);
    const { rows: streams } = await client.query<{ id: number }>(
      'select stream_id as id from syncline.streams order by 1',
    );
    const tables: TableRows[] = [];
    for (const table of await texts(tablesWithRows)) tables.push(await rowsOf(client, table));
    return {
      migrations: await texts('select name as text from syncline.migrations order by 1'),
      streams: streams.map(({ id }) => id),
      targets: [...(await texts(targetSchemas)), ...(await texts(targetTables))],
      tables: tables.filter(({ lines }) => lines !== ''),
      identities: await texts(identities),
    };
  } finally {
    await client.query('rollback');
  }
}

const targets = '(select target_schema from syncline.streams)';

const targetSchemas = `select distinct format('create schema %I; comment on schema %1$I is %L', nspname, obj_description(oid, 'pg_namespace')) as text
  from pg_namespace where nspname in ${targets} order by 1`;

const targetTables = `select format('create table %I.%I (%s)', nspname, relname, concat_ws(', ',
    (select string_agg(format('%I %s%s%s%s', attname, format_type(atttypid, atttypmod),
        (select format(' collate %I', collname) from pg_collation where oid = attcollation
          and attcollation <> (select typcollation from pg_type where oid = atttypid)),
        (select ' default ' || pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum),
        case when attnotnull then ' not null' end), ', ' order by attnum)
      from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped),
    (select string_agg(format('constraint %I %s', conname, pg_get_constraintdef(oid)), ', ' order by conname) from pg_constraint
      where conrelid = c.oid and contype in ('p', 'u')))) as text
  from pg_class c join pg_namespace n on n.oid = relnamespace where nspname in ${targets} and relkind = 'r' order by nspname, relname`;

/** Partitions are copied as the table that they are part of. */
const tablesWithRows = `select format('%I.%I', nspname, relname) as text from pg_class c join pg_namespace n on n.oid = relnamespace
  where relkind in ('r', 'p') and not relispartition and (nspname = 'syncline' and relname <> 'migrations' or nspname in ${targets})
  order by nspname, relname`;

const identities = `select format('select setval(%L, %s)', s.schemaname || '.' || s.sequencename, last_value) as text
  from pg_sequences s where schemaname = 'syncline' and last_value is not null order by 1`;

async function rowsOf(client: Client, table: string): Promise<TableRows> {
  const { rows } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [table],
  );
  const columns = rows[0]?.columns ?? '';
  const lines = await buffer(client.query(copyTo(`copy (select ${columns} from ${table}) to stdout`)));
  return { into: `${table} (${columns})`, lines: lines.toString() };
}
