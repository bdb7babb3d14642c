import type { ColumnType } from '../../core/column.ts';
import { postgresTypes } from './column-types.ts';

/** As the tables of the store's own database have them. */
export const typeOf = (type: ColumnType): string => postgresTypes[type];

/** As PostgreSQL's catalog spells them. */
export const catalogTypes = { ...postgresTypes, timestamp: 'timestamp with time zone' } as const satisfies Record<
  ColumnType,
  string
>;

/** Columns that every table has besides the stream's own. */
export const lineage = {
  _event: 'bigint not null',
  _page: 'bigint not null',
  _ordinal: 'integer not null',
  _run: 'integer not null',
  _version: 'text collate "C"',
  _hash: 'uuid not null',
  _extra: 'jsonb',
  _loaded_at: 'timestamptz not null default now()',
  _deleted_at: 'timestamptz',
} as const;
