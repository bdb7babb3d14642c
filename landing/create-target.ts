import { quoted } from '../core/sql-text.ts';
import type { Column, CompiledStream } from '../definitions/compiled.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowKeyOf } from '../targets/postgres/target-table.ts';

/** SQL that makes a stream's table, under a name that is quoted. */
export function createTarget(stream: CompiledStream, table: string, kind: '' | 'unlogged' = ''): string {
  const keys = stream.keyColumns.map((column) => quoted(column.name)).join(', ');
  const unique = stream.definition.disposition === 'append' && keys !== '' ? `, unique (${keys}, _hash)` : '';
  return `create ${kind} table if not exists ${table} (
    ${columnsOf(stream)},
    primary key (${rowKeyOf(stream).map(quoted).join(', ')})${unique}
  )`;
}

const definitionOf = (column: Column, stream: CompiledStream): string =>
  `${quoted(column.name)} ${postgresTypes[column.type]}${stream.keyColumns.includes(column) ? ' not null' : ''}`;

/** The same columns for the moment: rows are told apart by nothing. */
export const createStaging = (stream: CompiledStream, table: string): string =>
  `create temp table ${table} (${columnsOf(stream)}) on commit drop`;

const columnsOf = (stream: CompiledStream): string =>
  `${stream.columns.map((column) => `${definitionOf(column, stream)},`).join('\n    ')}
    _extra jsonb,
    _event bigint not null,
    _page bigint not null,
    _run integer not null,
    _version text collate "C",
    _hash uuid not null,
    _loaded_at timestamptz not null default now(),
    _deleted_at timestamptz`;
