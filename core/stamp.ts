import type { Column } from './column.ts';

/** The column that says by which transforms a row was made; only tables of streams with transforms have it. */
export const STAMP = '_transform';

/** A table as it should be, and the columns that it has. */
export interface StampedTable {
  readonly stamp: string | undefined;
  readonly columns: readonly Pick<Column, 'name'>[];
}

/**
 * Whether rows have to be asked by which transforms they were made: those of streams that have none, and had none, never. A field of the partner's
 * own may have the name.
 */
export const mayBeOutdated = ({ stamp, columns }: StampedTable, there: readonly string[]): boolean =>
  stamp !== undefined || (there.includes(STAMP) && !columns.some(({ name }) => name === STAMP));
