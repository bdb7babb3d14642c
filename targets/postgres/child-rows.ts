import { parentColumn, POSITION, type ChildTable } from '../../core/child-table.ts';
import type { Column, ColumnType } from '../../core/column.ts';
import { quoted } from '../../core/sql-text.ts';
import { postgresTypes } from './column-types.ts';

/** A parent, as far as its children's tables are concerned. */
export interface ParentTable {
  readonly table: string;
  readonly keyColumns: readonly Column[];
  /** Its rows are told apart by their events. */
  readonly isPerEvent: boolean;
}

/** What tells which parent a row belongs to. */
export const parentKey = ({
  table,
  keyColumns,
  isPerEvent,
}: ParentTable): readonly { readonly own: string; readonly of: string }[] =>
  isPerEvent
    ? [{ own: '_event', of: '_event' }]
    : keyColumns.map(({ name }) => ({ own: parentColumn(table, name), of: name }));

/** All columns of a child's table with their types, in order. */
export function childColumns(
  parent: ParentTable,
  { columns }: ChildTable,
): readonly { readonly name: string; readonly type: string }[] {
  return [
    ...parent.keyColumns.map(({ name, type }) => ({
      name: parentColumn(parent.table, name),
      type: postgresTypes[type],
    })),
    { name: POSITION, type: 'integer' },
    ...columns.map(({ name, type }) => ({ name, type: postgresTypes[type] })),
    { name: '_event', type: 'bigint' },
    { name: '_deleted_at', type: 'timestamptz' },
  ];
}

/** In SQL: the rows of a child's table, of the rows of its parent that are called `p` in `from`. Call it where the time zone is UTC. */
export function childRows(parent: ParentTable, { column, columns }: ChildTable, from: string): string {
  const values = [
    ...parent.keyColumns.map(({ name }) => `p.${quoted(name)}`),
    '(e.n - 1)::integer',
    ...columns.map(({ path, type }) => valueOf[type](pathText(path))),
    'p._event',
    'p._deleted_at',
  ];
  return `select ${values.join(', ')} from ${from} cross join lateral
    jsonb_array_elements(case when jsonb_typeof(p.${quoted(column)}) = 'array' then p.${quoted(column)} end) with ordinality as e(value, n)`;
}

const textAt = (path: string): string => `(e.value #>> ${path})`;

const valueOf: Readonly<Record<ColumnType, (path: string) => string>> = {
  text: textAt,
  // JSON writes whole numbers in more ways than integers are read in.
  integer: (path) => `${textAt(path)}::numeric::bigint`,
  number: (path) => `${textAt(path)}::numeric`,
  boolean: (path) => `${textAt(path)}::boolean`,
  // One without a zone is UTC, whatever zone the session has.
  timestamp: (path) =>
    `(${textAt(path)} || case when ${textAt(path)} ~ '([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$' and length(${textAt(path)}) > 10 then '' else 'Z' end)::timestamptz`,
  date: (path) => `${textAt(path)}::date`,
  json: (path) => `nullif(e.value #> ${path}, 'null')`,
};

const pathText = (path: readonly string[]): string =>
  `array[${path.map((step) => `'${step.replaceAll("'", "''")}'`).join(', ')}]::text[]`;
