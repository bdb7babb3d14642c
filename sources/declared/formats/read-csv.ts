import { GiveUp, RetryLater } from '../../../core/errors.ts';
import type { CsvFormat } from '../../../definitions/formats.ts';
import type { RecordsShape } from '../../../definitions/records.ts';
import type { BodyRead } from './body-read.ts';
import type { CsvRows } from './csv-rows.ts';
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
export function readCsv(from: FormattedText, all: CsvRows, { format, shape, needed, typed }: CsvReading): BodyRead {
  const { text, kind } = from;
  const names = format.columns ?? all[0];
  const rows = format.columns === undefined ? all.slice(1) : all;
  if (names === undefined || (format.columns !== undefined && rows.length === 0)) {
    if (shape.missing === 'empty') return { body: [], listed: [], records: [] };
    throw new RetryLater(
      `expected CSV, found an empty body (${kind}). If this means that there are no records, write records: { missing: empty }`,
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
