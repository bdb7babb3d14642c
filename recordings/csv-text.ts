import { stringify } from 'csv-stringify/sync';
import type { CsvFormat } from '../definitions/formats.ts';

export interface CsvStyle {
  readonly lineEnd?: '\n' | '\r\n';
  /** Quotes stand also where they need not. */
  readonly quoted?: boolean;
}

/** Rows as a CSV writes them, each with its line end. undefined: without quotes one of the values cannot be written. */
export function csvText(
  rows: readonly (readonly string[])[],
  { delimiter, quote, escape, comment }: CsvFormat,
  { lineEnd = '\n', quoted = false }: CsvStyle = {},
): string | undefined {
  if (quote !== false)
    return stringify(rows as string[][], {
      delimiter,
      quote,
      escape: escape ?? quote,
      quoted,
      record_delimiter: lineEnd,
      // Of a row with one field an empty one would be a blank line.
      quoted_empty: quoted,
      // A line that begins as a comment does is no row.
      quoted_match: [/[\r\n]/, ...(comment === undefined ? [] : [comment])],
    });
  const isPlain = rows.every(
    (row) =>
      row.every((value) => !/[\r\n]/.test(value) && !`${value}${delimiter}`.slice(0, -1).includes(delimiter)) &&
      (comment === undefined || row[0]?.startsWith(comment) !== true),
  );
  return isPlain ? rows.map((row) => row.join(delimiter) + lineEnd).join('') : undefined;
}
