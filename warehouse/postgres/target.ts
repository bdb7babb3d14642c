import type { ClientBase } from 'pg';
import { NeedsAttention } from '../../core/errors.ts';
import type { Column, CompiledStream } from '../../definitions/compiled.ts';
import { fillColumns } from './fill-columns.ts';
import { rowLineage } from './page-lines.ts';
import { postgresTypes, quoted } from './quote.ts';

export const targetOf = (stream: CompiledStream): string => `${quoted(stream.schema)}.${quoted(stream.table)}`;
/** A `replace` is gathered here and swapped in at the end. */
export const shadowOf = (stream: CompiledStream, runNo: number): string =>
  `${quoted(stream.schema)}.${quoted(`${stream.table}__next_${runNo}`)}`;

/** The columns that a row is written with, in order; `_loaded_at` comes from its default. */
export const rowColumns = (stream: CompiledStream): string =>
  [...rowLineage, ...stream.columns.map((column) => column.name), '_extra'].map(quoted).join(', ');

/** Creates the target, or adds the columns that the definition gained. A column whose type changed needs a person. */
export async function ensureTarget(client: ClientBase, stream: CompiledStream): Promise<void> {
  await ensureSchema(client, stream);
  if (!(await fitTable(client, stream, targetOf(stream)))) await client.query(createTarget(stream, targetOf(stream)));
}

/**
 * A schema that we make says whose it is. Two installations in one database may come to the same name (partner `acme` of the
 * installation `blue`, and a partner `blue_acme`): the second one is refused before a row of it is written.
 */
async function ensureSchema(client: ClientBase, { schema, partner, name }: CompiledStream): Promise<void> {
  const { rows } = await client.query<{ own: string; there: string | null; says: string | null }>(
    `select current_schema() as own, n.oid::regnamespace as there, obj_description(n.oid, 'pg_namespace') as says
      from (select 1) as always left join pg_namespace n on n.nspname = $1`,
    [schema],
  );
  const { own, there, says } = rows[0] as (typeof rows)[number];
  const mine = `tables of a partner of Syncline, ledger in ${own}`;
  if (there === null) {
    await client.query(`create schema if not exists ${quoted(schema)}`);
    await client.query(`comment on schema ${quoted(schema)} is '${mine}'`);
  } else if (says !== mine && says?.startsWith('tables of a partner of Syncline') === true)
    throw new NeedsAttention(
      `schema ${schema} belongs to another installation of Syncline (${says}): give the partner or the installation another name`,
      { at: { partner: partner.name, stream: name } },
    );
}

/** Makes a table that exists fit the definition; false when there is none. */
export async function fitTable(client: ClientBase, stream: CompiledStream, table: string): Promise<boolean> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  );
  if (rows.length === 0) return false;
  await checkKey(client, stream, table);
  await addMissing(client, { stream, table, found: new Map(rows.map((row) => [row.name, row.type])) });
  return true;
}

/** Another primary key means other rows: without it two records would land in one row, or one in two. */
async function checkKey(client: ClientBase, stream: CompiledStream, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select a.attname as name from pg_index i, unnest(i.indkey) with ordinality as k(attnum, place)
        join pg_attribute a using (attnum)
      where i.indrelid = to_regclass($1) and i.indisprimary and a.attrelid = i.indrelid order by k.place`,
    [table],
  );
  const found = rows.map((row) => row.name).join(', ');
  const wanted = rowKeyOf(stream).join(', ');
  if (found === wanted) return;
  throw new NeedsAttention(
    `the primary key of ${stream.schema}.${stream.table} is (${found}), the definition makes it (${wanted}): ` +
      'change the definition back, or give the stream a new `table`, which the next run fills from the beginning',
    { at: { partner: stream.partner.name, stream: stream.name } },
  );
}

/** What tells the rows of the target apart. */
const rowKeyOf = (stream: CompiledStream): readonly string[] =>
  stream.definition.disposition === 'append' || stream.keyColumns.length === 0
    ? ['_event']
    : stream.keyColumns.map((column) => column.name);

export async function createShadow(client: ClientBase, stream: CompiledStream, runNo: number): Promise<void> {
  await client.query(createTarget(stream, shadowOf(stream, runNo)));
}

function createTarget(stream: CompiledStream, table: string): string {
  const keys = stream.keyColumns.map((column) => quoted(column.name)).join(', ');
  const unique = stream.definition.disposition === 'append' && keys !== '' ? `, unique (${keys}, _hash)` : '';
  return `create table if not exists ${table} (
    ${stream.columns.map((column) => `${definitionOf(column, stream)},`).join('\n    ')}
    _extra jsonb,
    _event bigint not null,
    _page bigint not null,
    _run integer not null,
    _version text collate "C",
    _hash uuid not null,
    _loaded_at timestamptz not null default now(),
    _deleted_at timestamptz,
    primary key (${rowKeyOf(stream).map(quoted).join(', ')})${unique}
  )`;
}

const definitionOf = (column: Column, stream: CompiledStream): string =>
  `${quoted(column.name)} ${postgresTypes[column.type]}${stream.keyColumns.includes(column) ? ' not null' : ''}`;

const longNames: Readonly<Record<string, string>> = { timestamptz: 'timestamp with time zone' };

async function addMissing(
  client: ClientBase,
  input: { readonly stream: CompiledStream; readonly table: string; readonly found: ReadonlyMap<string, string> },
): Promise<void> {
  const { stream, table, found } = input;
  const added: Column[] = [];
  for (const column of stream.columns) {
    const wanted = postgresTypes[column.type];
    const type = found.get(column.name);
    if (type === undefined) {
      await client.query(`alter table ${table} add column if not exists ${quoted(column.name)} ${wanted}`);
      added.push(column);
    } else if (type !== wanted && type !== longNames[wanted])
      throw new NeedsAttention(
        `column ${stream.schema}.${stream.table}.${column.name} is ${type}, the definition says ${wanted}: ` +
          'change the definition back, or give the stream a new `table`, which the next run fills from the beginning',
        { at: { partner: stream.partner.name, stream: stream.name } },
      );
  }
  await fillColumns(client, { stream, table, added });
}
