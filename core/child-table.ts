import type { Column } from './column.ts';

/** A table with a row for each element of an array of its parent's rows: nothing but a function of those. */
export interface ChildTable {
  /** In the schema of its parent. */
  readonly table: string;
  /** The parent's column of JSON that holds the array. */
  readonly column: string;
  /** Path of the array in the (parsed) record. */
  readonly path: readonly string[];
  /** Of an element: paths begin inside it. */
  readonly columns: readonly Column[];
  /** Those of them that tell the elements of one array apart; none: their places do. */
  readonly key: readonly string[];
}

/** What the parent's column of its key is called in the child's table: `orders_id`. */
export const parentColumn = (parent: string, key: string): string => `${parent}_${key}`;

export const POSITION = '_position';
