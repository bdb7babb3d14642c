import { keyPart } from '../../core/key-text.ts';
import { parseMicros, writeMicros } from '../../core/micros.ts';

/**
 * Rows travel to DuckDB as one text per bundle, which SQL splits: a value costs a few copied bytes here instead of a
 * call into the driver (50,000 rows of 17 columns: 0.1 s, by the appender 0.45 s), and the rest runs on DuckDB's threads.
 *
 * No value holds NUL (`columnText` sees to that), so it separates fields. A field that begins with one of the two marks
 * gets an `ESCAPE` in front.
 */
const FIELD_END = '\u0000';
const ESCAPE = '\u0001';
const ROW = '\u0002';

export const fieldOf = (text: string | null): string =>
  text === null ? ESCAPE : text.charCodeAt(0) <= 2 ? ESCAPE + text : text;

export const lineOf = (fields: readonly string[]): string => fields.join(FIELD_END);
export const bundleOf = (lines: readonly string[]): string => lines.join(`${FIELD_END}${ROW}${FIELD_END}`);

/** The rows of a bundle, as lists of fields. */
export const SPLIT = `select string_split(line, chr(0)) as f from
  (select unnest(string_split($1, chr(0) || chr(2) || chr(0))) as line)`;

/** SQL for the field as a text that may begin with anything. */
export const freeText = (field: string): string =>
  `case when starts_with(${field}, chr(1)) then case when length(${field}) > 1 then substr(${field}, 2) end else ${field} end`;
/** SQL for the field as a text that begins with none of the marks: what the other types are cast from. */
export const plainText = (field: string): string => `nullif(${field}, chr(1))`;

/** ISO times that DuckDB reads as PostgreSQL does. The others (no seconds, `t`, `z`, more digits) are written anew. */
const readable = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/;

export function timeText(text: string): string {
  if (readable.test(text)) return text;
  const micros = parseMicros(text);
  if (micros === undefined) throw new RangeError('a time that is none');
  return writeMicros(micros);
}

/** One number, one text: 1.0 and 1e0 are the same key. */
export const numberKeyText = (text: string): string => keyPart('number', text);
