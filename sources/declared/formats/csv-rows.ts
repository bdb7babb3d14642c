import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { parse as parser, type CsvError, type Options } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { RetryLater } from '../../../core/errors.ts';
import type { CsvFormat } from '../../../definitions/formats.ts';
import { looksLikeHtml } from './guess-format.ts';
import type { FormattedText } from './text-of.ts';

export type CsvRows = readonly (readonly string[])[];

export function csvRows(from: FormattedText, format: CsvFormat): CsvRows {
  refuseHtml(from);
  try {
    return withoutBlank(parse(linesBehind(from.text, format.skipLines), optionsOf(from, format)), format);
  } catch (error) {
    throw refusal(error, from, format);
  }
}

/** Bytes that are parsed in some ten milliseconds. */
const STEP = 128 * 1024;

/** The same a step at a time. */
export async function csvRowsInSteps(from: FormattedText, format: CsvFormat): Promise<CsvRows> {
  refuseHtml(from);
  const rows: string[][] = [];
  const parsing = parser(optionsOf(from, format)).on('data', (row: string[]) => rows.push(row));
  // It may fail again once it has failed, when nobody waits any more.
  parsing.on('error', () => {});
  const ended = once(parsing, 'end');
  ended.catch(() => {});
  // Slices of bytes: of a text they could cut a character in two.
  const bytes = Buffer.from(linesBehind(from.text, format.skipLines));
  for (let at = 0; at < bytes.length && parsing.errored === null; at += STEP) {
    parsing.write(bytes.subarray(at, at + STEP));
    await setImmediate();
  }
  if (parsing.errored === null) parsing.end();
  try {
    await ended;
  } catch (error) {
    throw refusal(error, from, format);
  }
  return withoutBlank(rows, format);
}

function refuseHtml({ text, kind }: FormattedText): void {
  if (looksLikeHtml(text)) throw new RetryLater(`expected CSV, found HTML (${kind})`);
}

const optionsOf = ({ text }: FormattedText, { delimiter, quote, escape, comment }: CsvFormat): Options => ({
  delimiter,
  quote: quote === false ? null : quote,
  escape: escape ?? (quote === false ? null : quote),
  comment: comment ?? null,
  comment_no_infix: true,
  // Left to itself, the parser takes the first line end for that of all, and leaves parts of others in values.
  record_delimiter: text.includes('\n') ? ['\r\n', '\n'] : ['\r'],
  // Rows of another length are ours to refuse, one by one.
  relax_column_count: true,
});

/** A blank line is no row, but where rows have one value, which is empty there. */
function withoutBlank(rows: CsvRows, { columns }: CsvFormat): CsvRows {
  const isNarrow = (columns ?? rows[0])?.length === 1;
  return isNarrow ? rows : rows.filter((row) => row.length > 1 || row[0] !== '');
}

/** The parser's own message quotes the text, which may be a record. */
function refusal(error: unknown, { kind }: FormattedText, { skipLines }: CsvFormat): Error {
  const { code, lines } = error as CsvError & { readonly lines?: unknown };
  if (code === undefined) return error as Error;
  return new RetryLater(
    `the CSV cannot be read at line ${Number(lines) + skipLines}: ${meaning[code] ?? code} (${kind})`,
  );
}

const meaning: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed, so that a part is missing',
  INVALID_OPENING_QUOTE:
    'there is a quote within a field that does not begin with one; see quote and escape of the format',
  CSV_INVALID_CLOSING_QUOTE: 'there is text after a closing quote; see quote and escape of the format',
};

/** They may hold anything, quotes as well. */
export function linesBehind(text: string, skip: number): string {
  const lineEnd = /\r\n|\n|\r|$/g;
  for (let left = skip; left > 0; left--) lineEnd.exec(text);
  return text.slice(skip === 0 ? 0 : lineEnd.lastIndex);
}
