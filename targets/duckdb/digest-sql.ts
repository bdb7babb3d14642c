import type { ColumnType } from '../../core/column.ts';
import { isPerEvent } from '../../core/is-per-event.ts';
import { BUCKET_DIGITS, SUM_DIGITS } from '../bucket-sums.ts';
import type { TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, quoted } from './names.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';
import { isNumberInKey } from './types.ts';

/** A column, and the SQL for its value as the texts of checksums have it (targets/postgres/digest-sql.ts); of JSON, as it is kept. */
export interface DigestColumn {
  readonly type: ColumnType;
  readonly stored: string;
  readonly field: string;
}

export async function digestColumns(on: FileWork, table: TargetTable): Promise<readonly DigestColumn[]> {
  const names = nameColumns(
    await storedColumns(on, table),
    table.columns.map(({ name }) => name),
  );
  return table.columns.map(({ name, type }, i) => {
    const stored = quoted(names.get(name) ?? name);
    const field =
      type === 'number' && !isNumberInKey(table, i)
        ? numberText(name, stored)
        : (texts[type]?.(stored) ?? `${stored}::varchar`);
    return { type, stored, field: type === 'json' ? field : `coalesce(${field}, '')` };
  });
}

const texts: Readonly<Partial<Record<ColumnType, (stored: string) => string>>> = {
  text: (stored) => `strlen(${stored}) || ':' || ${stored}`,
  timestamp: (stored) => `epoch_us(${stored})::varchar`,
};

/** Digits that the column cannot hold are kept beside it. */
function numberText(name: string, stored: string): string {
  const rounded = `rtrim(rtrim(${stored}::varchar, '0'), '.')`;
  const pointer = literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `case when _exact is null then ${rounded} else coalesce(json_extract_string(_exact, ${pointer}), ${rounded}) end`;
}

export const DELETED = `coalesce(epoch_us(_deleted_at)::varchar, '')`;

export const joined = (fields: readonly string[]): string => fields.join(' || chr(1) || ');

/** SQL for what tells the rows of a table apart, as one text. */
export const keySql = (table: TargetTable, columns: readonly DigestColumn[]): string =>
  isPerEvent(table) ? '_event::varchar' : joined(columns.slice(0, table.keys).map(({ field }) => field));

export const bucketSql = (key: string): string => `('0x' || left(md5(${key}), ${BUCKET_DIGITS}))::integer`;
export const sumSql = (row: string): string => `('0x' || left(md5(${row}), ${SUM_DIGITS}))::bigint`;
