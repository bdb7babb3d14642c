import type { ClientBase } from 'pg';
import { NeedsAttention } from '../../core/errors.ts';
import type { Column, CompiledStream } from '../../definitions/compiled.ts';
import { postgresTypes, quoted } from './quote.ts';

/** The table people query, as this stream's definition wants it, and the lineage columns every row carries. */
export const lineage = ['_extra', '_event', '_page', '_run', '_version', '_hash'] as const;

export const targetOf = (stream: CompiledStream): string => `${quoted(stream.partner.name)}.${quoted(stream.table)}`;
/** A `replace` is gathered here and swapped in at the end. */
export const shadowOf = (stream: CompiledStream, runNo: number): string =>
  `${quoted(stream.partner.name)}.${quoted(`${stream.table}__next_${runNo}`)}`;

/** The columns that a row is written with, in order; `_loaded_at` comes from its default. */
export const rowColumns = (stream: CompiledStream): string =>
  [...stream.columns.map((column) => column.name), ...lineage].map(quoted).join(', ');

/** Creates the target, or adds the columns that the definition gained. A column whose type changed needs a person. */
export async function ensureTarget(client: ClientBase, stream: CompiledStream): Promise<void> {
  await client.query(`create schema if not exists ${quoted(stream.partner.name)}`);
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [targetOf(stream)],
  );
  if (rows.length === 0) await client.query(createTarget(stream, targetOf(stream)));
  else await addMissing(client, stream, new Map(rows.map((row) => [row.name, row.type])));
}

export async function createShadow(client: ClientBase, stream: CompiledStream, runNo: number): Promise<void> {
  await client.query(createTarget(stream, shadowOf(stream, runNo)));
}

function createTarget(stream: CompiledStream, table: string): string {
  const keys = stream.keyColumns.map((column) => quoted(column.name)).join(', ');
  const constraint =
    stream.definition.disposition === 'append'
      ? `primary key (_event)${keys === '' ? '' : `, unique (${keys}, _hash)`}`
      : keys === ''
        ? 'primary key (_event)'
        : `primary key (${keys})`;
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
    ${constraint}
  )`;
}

const definitionOf = (column: Column, stream: CompiledStream): string =>
  `${quoted(column.name)} ${postgresTypes[column.type]}${stream.keyColumns.includes(column) ? ' not null' : ''}`;

const longNames: Readonly<Record<string, string>> = { timestamptz: 'timestamp with time zone' };

async function addMissing(
  client: ClientBase,
  stream: CompiledStream,
  found: ReadonlyMap<string, string>,
): Promise<void> {
  for (const column of stream.columns) {
    const wanted = postgresTypes[column.type];
    const type = found.get(column.name);
    if (type === undefined)
      await client.query(`alter table ${targetOf(stream)} add column if not exists ${quoted(column.name)} ${wanted}`);
    else if (type !== wanted && type !== longNames[wanted])
      throw new NeedsAttention(
        `column ${stream.partner.name}.${stream.table}.${column.name} is ${type}, the definition says ${wanted}: ` +
          'change the definition back, or give the stream a new `table`',
        { at: { partner: stream.partner.name, stream: stream.name } },
      );
  }
}
