import type { ColumnType } from './column.ts';

/** A column that was made of a field that no schema names. */
export interface MadeColumn {
  /** Of the field, and of the column. */
  readonly field: string;
  readonly type: MadeType;
  /** Its place among those of the stream. */
  readonly no: number;
}

export type MadeType = Extract<ColumnType, 'text' | 'number' | 'boolean' | 'json'>;

const single: Readonly<Record<string, MadeType>> = { string: 'text', number: 'number', boolean: 'boolean' };

/**
 * The type of a column that takes all values with these types of JSON: that of the only one, else JSON. Whole numbers are numbers like others: the next
 * one may not be whole. undefined: no value tells.
 */
export function madeType(types: readonly string[]): MadeType | undefined {
  const [only, ...others] = types.filter((type) => type !== 'null');
  return only === undefined ? undefined : others.length > 0 ? 'json' : (single[only] ?? 'json');
}
