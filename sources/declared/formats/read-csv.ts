import { CsvError, parse } from 'csv-parse/sync';
import { GiveUp, RetryLater } from '../../../core/errors.ts';
import type { CsvFormat } from '../../../definitions/formats.ts';
import type { RecordsShape } from '../../../definitions/records.ts';
import type { BodyRead } from './body-read.ts';
import { looksLikeHtml } from './guess-format.ts';
import type { FormattedText } from './text-of.ts';
import type { TypeRecord } from './typed-values.ts';

export interface CsvReading {
  readonly format: CsvFormat;
  readonly shape: RecordsShape;
  /** Fields that every record must have: without them the table is another one. */
  readonly needed: readonly string[];
  readonly typed: TypeRecord;
}

/** One record a row, all values texts. A row with too many or too few of them goes into quarantine. */
export function readCsv(from: FormattedText, { format, shape, needed, typed }: CsvReading): BodyRead {
  const { text, kind } = from;
  if (looksLikeHtml(text)) throw new RetryLater(`expected CSV, found HTML (${kind})`);
  const rows = rowsOf(from, format);
  const names = format.columns ?? rows.shift();
  if (names === undefined || (format.columns !== undefined && rows.length === 0)) {
    if (shape.missing === 'empty') return { body: [], listed: [], records: [] };
    throw new RetryLater(
      `expected CSV, found an empty body (${kind}). If the partner says so that there are no records, write records: { missing: empty }`,
    );
  }
  checkNames(names, format.columns === undefined ? needed : [], from);
  const ended = /[\r\n]$/.test(text);
  const last = rows.at(-1);
  if (!ended && last !== undefined && last.length < names.length)
    throw new RetryLater(
      `the CSV ends within its last row, line ${text.split('\n').length}: expected ${names.length} fields, found ${last.length} (${kind})`,
    );
  const faults = new Map<number, string>();
  const records = rows.map((row, i) => {
    const fault = faultOf(row, names);
    if (fault === undefined) return typed(fieldsOf(row, names, format.nulls));
    faults.set(i, fault);
    return row;
  });
  return { body: records, listed: records, records, faults };
}

function rowsOf({ text, kind }: FormattedText, format: CsvFormat): string[][] {
  const { delimiter, quote, escape, comment, skipLines, columns } = format;
  try {
    const rows = parse(linesBehind(text, skipLines), {
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
    // A blank line is no row, but where rows have one value, which is empty there.
    const isNarrow = (columns ?? rows[0])?.length === 1;
    return isNarrow ? rows : rows.filter((row) => row.length > 1 || row[0] !== '');
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Its message quotes the text, which may be a record.
    const line = Number((error as { readonly lines?: unknown }).lines) + skipLines;
    throw new RetryLater(`the CSV cannot be read at line ${line}: ${meaning[error.code] ?? error.code} (${kind})`);
  }
}

/** They may hold anything, quotes as well. */
function linesBehind(text: string, skip: number): string {
  const lineEnd = /\r\n|\n|\r|$/g;
  for (let left = skip; left > 0; left--) lineEnd.exec(text);
  return text.slice(skip === 0 ? 0 : lineEnd.lastIndex);
}

const meaning: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed, so that a part is missing',
  INVALID_OPENING_QUOTE:
    'a quote stands within a field that does not begin with one; see quote and escape of the format',
  CSV_INVALID_CLOSING_QUOTE: 'something stands behind a closing quote; see quote and escape of the format',
};

function checkNames(names: readonly string[], needed: readonly string[], { text, kind }: FormattedText): void {
  if (text.slice(0, 200).includes('\0'))
    throw new RetryLater(`expected CSV, found NUL characters (${kind}): if it is UTF-16, write encoding: utf-16le`);
  const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new GiveUp(
      `two columns of the CSV have the name ${JSON.stringify(twice)}: skip the header row with skipLines and give the names yourself, as columns: [a, b]`,
    );
  const lacking = needed.find((name) => !names.includes(name));
  if (lacking !== undefined)
    throw new RetryLater(
      `expected a column ${JSON.stringify(lacking)} in the header row of the CSV, found ${names.length} others (${kind}): are delimiter, encoding and skipLines of the format right?`,
    );
}

function faultOf(row: readonly string[], names: readonly string[]): string | undefined {
  if (row.length !== names.length) return `expected ${names.length} fields in the row, found ${row.length}`;
  return names.some((name, i) => name === '' && row[i] !== '')
    ? 'expected no value in the column without a name'
    : undefined;
}

function fieldsOf(
  row: readonly string[],
  names: readonly string[],
  nulls: readonly string[],
): Readonly<Record<string, unknown>> {
  const fields = names.map((name, i) => {
    const value = row[i] as string;
    return [name, nulls.includes(value) ? null : value] as const;
  });
  return Object.fromEntries(names.includes('') ? fields.filter(([name]) => name !== '') : fields);
}
