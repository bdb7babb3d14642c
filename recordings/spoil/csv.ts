import type { CsvFormat } from '../../definitions/formats.ts';
import { csvRows, linesBehind, type CsvRows } from '../../sources/declared/formats/csv-rows.ts';
import { csvText } from '../csv-text.ts';
import {
  beginningOf,
  never,
  NEW_FIELD,
  recordSpoils,
  type ChangeRecords,
  type Spoil,
  type Spoiler,
} from './spoil-records.ts';

type Row = readonly string[];

export function csvSpoiler(format: CsvFormat): Spoiler {
  const changed: ChangeRecords<Row> = (text, change) => {
    const found = read(text, format);
    const others = found === undefined || found.rows.length === 0 ? undefined : change(found.rows);
    return found === undefined || others === undefined ? undefined : found.write([...found.header, ...others]);
  };
  return {
    ...recordSpoils(changed, (row) => [...row, 'one more']),
    // Without a header row nothing says that there is another field: then the rows are wrong.
    field: (text) => {
      const found = read(text, format);
      if (found === undefined || found.header.length === 0) return undefined;
      return found.write([
        ...found.header.map((row) => [...row, NEW_FIELD]),
        ...found.rows.map((row) => [...row, 'new']),
      ]);
    },
    total: never,
    garbage: cut(format),
  };
}

interface Table {
  /** One row, or none. */
  readonly header: CsvRows;
  readonly rows: CsvRows;
  readonly write: (rows: CsvRows) => string | undefined;
  readonly skipped: string;
}

function read(text: string, format: CsvFormat): Table | undefined {
  const skipped = text.slice(0, text.length - linesBehind(text, format.skipLines).length);
  let all: CsvRows;
  try {
    all = csvRows({ text, kind: '', isAnswer: false }, format);
  } catch {
    return undefined;
  }
  const headers = format.columns === undefined ? 1 : 0;
  return {
    header: all.slice(0, headers),
    rows: all.slice(headers),
    skipped,
    write: (rows) => {
      const written = csvText(rows, format);
      return written === undefined ? undefined : skipped + written;
    },
  };
}

/**
 * A reader sees a cut where the last row lacks fields, or where a quote is not closed. Within the last field of a row, and where a row ends, nobody
 * sees it: what is left is a whole table.
 */
const cut =
  (format: CsvFormat): Spoil =>
  (text) => {
    const found = read(text, format);
    if (found === undefined) return undefined;
    const { header, rows, write } = found;
    const width = (format.columns ?? header[0])?.length ?? 0;
    const from = rows.length >> 1;
    const at = [...rows.keys()].find(
      (i) => i >= from && rows[i]?.length === width && beginning(rows[i], format) !== '',
    );
    const row = at === undefined ? undefined : rows[at];
    const before = write([...header, ...rows.slice(0, at)]);
    return row === undefined || before === undefined ? undefined : before + beginning(row, format);
  };

/** Of a row; empty: none that shows. */
function beginning(row: Row | undefined, format: CsvFormat): string {
  const [only = ''] = row ?? [];
  if (row !== undefined && row.length > 1) {
    const first = row.slice(0, -1);
    const isBlank = first.length === 1 && only === '';
    const text = isBlank ? undefined : csvText([first], format);
    return text?.replace(/\n$/, '') ?? '';
  }
  const { quote, escape = quote } = format;
  const isPlain = quote !== false && only !== '' && !only.includes(quote) && !only.includes(escape as string);
  return isPlain ? `${quote}${beginningOf(only, Math.ceil(only.length / 2))}` : '';
}
