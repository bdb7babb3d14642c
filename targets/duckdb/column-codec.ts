import { assertNever } from '../../core/assert-never.ts';
import type { ColumnType } from '../../core/column.ts';
import type { TargetTable } from '../target.ts';
import { fitNumber } from './fit-number.ts';
import { fieldOf, freeText, numberKeyText, plainText, timeText } from './staged-text.ts';
import { isNumberInKey, typeOf } from './types.ts';

/** How values of one column travel: the text that is sent, and the SQL that reads it. */
export interface ColumnCodec {
  readonly type: string;
  /** `exact` takes the text of a number that the column cannot hold. */
  readonly field: (text: string | null, exact: (text: string) => void) => string;
  readonly read: (field: string) => string;
}

export function columnCodec(table: Pick<TargetTable, 'columns' | 'keys'>, index: number): ColumnCodec {
  const type = typeOf(table, index);
  const kind: ColumnType = table.columns[index]?.type ?? 'text';
  if (isNumberInKey(table, index))
    return { type, field: (text) => fieldOf(text === null ? null : numberKeyText(text)), read: plainText };
  switch (kind) {
    case 'text':
      return { type, field: fieldOf, read: freeText };
    case 'number':
      return { type, field: numberField, read: (field) => decimalOf(plainText(field)) };
    case 'timestamp':
      return { type, field: (text) => fieldOf(text === null ? null : timeText(text)), read: cast(type) };
    case 'integer':
    case 'boolean':
    case 'date':
    case 'json':
      return { type, field: fieldOf, read: cast(type) };
    default:
      return assertNever(kind);
  }
}

const cast =
  (type: string) =>
  (field: string): string =>
    `${plainText(field)}::${type}`;

function numberField(text: string | null, exact: (text: string) => void): string {
  if (text === null) return fieldOf(null);
  const fitted = fitNumber(text);
  if (fitted.exact !== undefined) exact(fitted.exact);
  return fieldOf(fitted.text);
}

/**
 * DuckDB casts texts to decimals of more than 18 digits digit by digit, 8 to 14 µs each; to those of 18 digits, and from
 * them to wider ones, in 0.1 µs. So most values go through a narrow decimal, and long ones in two parts.
 */
const decimalOf = (text: string): string => `case
  when strpos(${text}, '.') = 0 and length(${text}) <= 18 then ${text}::bigint::decimal(38, 18)
  when strpos(${text}, '.') between 1 and 10 and length(${text}) - strpos(${text}, '.') <= 9
    then ${text}::decimal(18, 9)::decimal(38, 18)
  else split_part(${text}, '.', 1)::hugeint::decimal(38, 18)
    + ((case when starts_with(${text}, '-') then '-0.' else '0.' end) || split_part(${text}, '.', 2))::decimal(18, 18)::decimal(38, 18)
  end`;
