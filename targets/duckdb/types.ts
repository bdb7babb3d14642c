import type { ColumnType } from '../../core/column.ts';
import type { TargetTable } from '../target.ts';

/** Reasons: docs/decisions/0008-duckdb-types.md. Spelled as DuckDB's catalog spells them. */
export const duckdbTypes = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DECIMAL(38,18)',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  date: 'DATE',
  json: 'JSON',
} as const satisfies Record<ColumnType, string>;

/** A number in a key is kept as its exact text: two keys that a decimal would round to one must stay two. */
export const typeOf = (table: Pick<TargetTable, 'columns' | 'keys'>, index: number): string => {
  const type = table.columns[index]?.type ?? 'text';
  return isNumberInKey(table, index) ? 'VARCHAR' : duckdbTypes[type];
};

export const isNumberInKey = ({ columns, keys }: Pick<TargetTable, 'columns' | 'keys'>, index: number): boolean =>
  index < keys && columns[index]?.type === 'number';

/** Columns that every table has besides the stream's own. */
export const lineage = {
  _event: 'BIGINT NOT NULL',
  _page: 'BIGINT NOT NULL',
  _ordinal: 'INTEGER NOT NULL',
  _run: 'INTEGER NOT NULL',
  _version: 'VARCHAR',
  _hash: 'UUID NOT NULL',
  _extra: 'JSON',
  /** Exact texts of numbers that their columns cannot hold, by name. */
  _exact: 'JSON',
  _loaded_at: 'TIMESTAMP WITH TIME ZONE NOT NULL',
  _deleted_at: 'TIMESTAMP WITH TIME ZONE',
} as const;
