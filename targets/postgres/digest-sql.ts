import type { Column, ColumnType } from '../../core/column.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import { BUCKET_DIGITS, SUM_DIGITS } from '../bucket-sums.ts';
import type { TargetTable } from '../target.ts';
import { quoted } from './names.ts';

/** SQL for a column's value as a text that every kind of warehouse gives alike; times as microseconds, JSON as `jsonb` writes it. */
export const textSql = ({ name, type }: Pick<Column, 'name' | 'type'>): string =>
  `(${sqlText[type]?.(quoted(name)) ?? quoted(name)})::text`;

const micros = (name: string): string => `(extract(epoch from ${name}) * 1000000)::bigint`;
const sqlText: Readonly<Partial<Record<ColumnType, (name: string) => string>>> = {
  number: (name) => `trim_scale(${name})`,
  timestamp: micros,
};
export const deletedSql = `${micros('_deleted_at')}::text`;

/** Only texts can hold anything, also what stands between fields, or nothing at all: they say how long they are. */
const fieldSql = (column: Pick<Column, 'name' | 'type'>): string =>
  column.type === 'text'
    ? `coalesce(octet_length(${quoted(column.name)}) || ':' || ${quoted(column.name)}, '')`
    : `coalesce(${textSql(column)}, '')`;

const joined = (fields: readonly string[]): string => fields.join(` || chr(1) || `);

/** SQL for what tells the rows of a table apart, as one text. */
export const keySql = (table: TargetTable): string =>
  isPerEvent(table) ? '_event::text' : joined(table.columns.slice(0, table.keys).map(fieldSql));

/** SQL for all that a row says, as one text. */
const rowSql = (table: TargetTable): string =>
  joined(['_event::text', `coalesce(${deletedSql}, '')`, ...table.columns.map(fieldSql), `coalesce(_extra::text, '')`]);

export const bucketSql = (table: TargetTable): string =>
  `('x' || left(md5(${keySql(table)}), ${BUCKET_DIGITS}))::bit(${4 * BUCKET_DIGITS})::integer`;

export const sumSql = (table: TargetTable): string =>
  `('x' || left(md5(${rowSql(table)}), ${SUM_DIGITS}))::bit(${4 * SUM_DIGITS})::bigint`;
