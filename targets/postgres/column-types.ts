import type { ColumnType } from '../../core/column.ts';

export const postgresTypes = {
  text: 'text',
  integer: 'bigint',
  number: 'numeric',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  date: 'date',
  json: 'jsonb',
} as const satisfies Record<ColumnType, string>;
