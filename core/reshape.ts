import type { Column, ColumnType } from './column.ts';
import { NeedsAttention } from './errors.ts';

export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface Renames {
  readonly renames: readonly Rename[];
  /** A column that has more than one of its names in the table. */
  readonly clash: { readonly column: string; readonly found: readonly string[] } | undefined;
}

/** Columns of a table that the definition calls otherwise now. */
export function pendingRenames(columns: readonly Pick<Column, 'name' | 'was'>[], there: readonly string[]): Renames {
  const names = new Set(there);
  const renames: Rename[] = [];
  for (const { name, was } of columns) {
    const found = [name, ...(was ?? [])].filter((each) => names.has(each));
    if (was === undefined || found.length === 0) continue;
    if (found.length > 1) return { renames: [], clash: { column: name, found } };
    if (found[0] !== name) renames.push({ from: found[0] as string, to: name });
  }
  return { renames, clash: undefined };
}

/** The columns of a table after that, by their names. */
export const renamed = <C extends { readonly name: string }>(
  columns: readonly C[],
  renames: readonly Rename[],
): readonly C[] =>
  columns.map((column) => {
    const to = renames.find(({ from }) => from === column.name)?.to;
    return to === undefined ? column : { ...column, name: to };
  });

/** For people: what a person can do about a column that is there twice. */
export const saidClash = (table: string, { column, found }: NonNullable<Renames['clash']>): string =>
  `${table} has ${found.map((name) => `column ${name}`).join(' and ')}, and the definition says that they are one field: ` +
  `drop those that are to go (their values are in the log, and \`syncline rebuild\` fills ${column} from there), or take their names out of \`was\``;

/**
 * Whether each value of a column of the one type is a value of the other, and the one that the log says: then a warehouse may change the column where it
 * stands. All else is read from the log again: a text that a time is made of may have been written in many ways.
 */
export const widens = (from: ColumnType, { type, ofDays }: Pick<Column, 'type' | 'ofDays'>): boolean =>
  (from === 'integer' && type === 'number') || (from === 'date' && type === 'timestamp' && ofDays === true);

/** Why a table's columns are not changed although the definition has other names or wider types for them. */
export const notYet = (table: string, [rename]: readonly Rename[]): NeedsAttention =>
  new NeedsAttention(
    `${rename === undefined ? `a column of ${table} gets a wider type` : `column ${table}.${rename.from} is called ${rename.to} by the definition`}: ` +
      "that is done here once the stream's own table has it (`syncline plan --apply`) and the next run has begun",
  );
