import { columnText, jsonText, type ColumnText } from '../core/column-text.ts';
import { exactJson, isExactNumber } from '../core/exact-numbers.ts';
import { valueAt } from '../core/json.ts';
import type { Column } from '../definitions/compiled.ts';

/** The text that a column has of a checked record. */
export function textAt(
  column: Column,
  { value, record, exact }: { readonly value: unknown; readonly record: unknown; readonly exact: boolean },
): ColumnText {
  const field = valueAt(value, column.path);
  return exact && column.type === 'json' ? jsonCell(field, record as object, column.path) : cellOf(column, field);
}

/** A JSON column of a record with numbers that no double holds. */
function jsonCell(field: unknown, record: object, path: readonly string[]): ColumnText {
  const holder = valueAt(record, path.slice(0, -1));
  const name = path.at(-1) as string;
  const isNumber =
    typeof holder === 'object' && holder !== null && isExactNumber(holder, name) && valueAt(holder, [name]) === field;
  if (isNumber) return { text: field as string };
  const text = exactJson(field, valueAt(record, path));
  return field === null || field === undefined ? { text: null } : jsonText(text, field);
}

export const cellOf = ({ type, read }: Column, field: unknown): ColumnText =>
  read === undefined ? columnText(type, field) : read(field);
