import type { ColumnText } from './column-text.ts';

/** Types of columns, in the words that each kind of target maps to its own. */
export const columnTypes = ['text', 'integer', 'number', 'boolean', 'timestamp', 'date', 'json'] as const;
export type ColumnType = (typeof columnTypes)[number];

export interface Column {
  /** Name in the target. */
  readonly name: string;
  /** Path of the value in the (parsed) record; one element for top-level fields. */
  readonly path: readonly string[];
  readonly type: ColumnType;
  /** Names that it had in the target before, the newest first. */
  readonly was?: readonly string[];
  /** Of a time that may come as a day: the day begins when it does in UTC. */
  readonly ofDays?: true;
  /** Of a time that is written otherwise than its type says: reads it. */
  readonly read?: (value: unknown) => ColumnText;
}
