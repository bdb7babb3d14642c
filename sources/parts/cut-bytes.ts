import { parseJson } from '../../core/json.ts';
import { formatOf, type CsvFormat, type Format } from '../../definitions/formats.ts';
import type { ByteScan } from './byte-scan.ts';

/** As much of an answer as is parsed, checked and committed at once, in bytes. */
export const PART = 4 * 1024 * 1024;
/** What is little more than a part is read whole. */
const WHOLE = 1.5 * PART;

const NEWLINE = 0x0a;

/**
 * Formats in which a record ends with a line, and nothing before it changes what it means. Their signs are ASCII, and in a text of UTF-8 or of a
 * charset with one byte for each character those bytes stand for nothing else.
 */
export function isCut(format: Format): format is Extract<Format, { type: 'ndjson' | 'csv' }> {
  if (format.type === 'ndjson') return true;
  return format.type === 'csv' && format.comment === undefined && isAscii(format.quote) && isAscii(format.escape);
}

const isAscii = (sign: string | false | undefined): boolean => typeof sign !== 'string' || sign.charCodeAt(0) < 0x80;

/** Where the part that begins at `at` ends: behind the line that ends a record. The rest, where that is not much. */
export function endOfPart(scan: ByteScan, at: number, given: Format, size = PART): number {
  const format = formatOf(given);
  if (scan.length - at <= (size === PART ? WHOLE : size)) return scan.length;
  const end = format.type === 'csv' ? endOfRows(scan, { at, size }, format) : endOfLine(scan, at + size);
  return isBlankFrom(scan, end) ? scan.length : end;
}

function isBlankFrom(scan: ByteScan, from: number): boolean {
  let at = from;
  for (let byte = scan.byteAt(at); byte !== undefined && isSpace(byte); byte = scan.byteAt(at)) at += 1;
  // Spaces beyond ASCII are more than one byte long.
  return scan.length - at < SOME && textOf(scan, at, scan.length).trim() === '';
}

const SOME = 64;
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Behind a line end whose next line is JSON: one that is none belongs to the part before, which says so of it. */
function endOfLine(scan: ByteScan, atLeast: number): number {
  for (let end = lineEnd(scan, atLeast); end < scan.length; end = lineEnd(scan, end + 1)) {
    const next = textOf(scan, end + 1, lineEnd(scan, end + 1)).trim();
    if (next !== '' && isJson(next.startsWith('\u001e') ? next.slice(1) : next)) return end + 1;
  }
  return scan.length;
}

const lineEnd = (scan: ByteScan, from: number): number => scan.indexOf(NEWLINE, from);

/** In whichever charset: what is asked of it is ASCII. */
const textOf = (scan: ByteScan, from: number, to: number): string =>
  scan.bytes.slice(from, to).toString(scan.bytes.utf8 ? 'utf8' : 'latin1');

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** What is skipped before the rows may hold a quote alone. */
function endOfRows(
  scan: ByteScan,
  { at, size }: { readonly at: number; readonly size: number },
  format: CsvFormat,
): number {
  const from = at === 0 ? headerOf(scan, format).rowsAt : at;
  return endOfRow(scan, { from, atLeast: Math.max(from, at + size) }, format);
}

/** Within quotes a line end is a character like others: an even number of them stands before the one that ends a row. */
function endOfRow(
  scan: ByteScan,
  { from, atLeast }: { readonly from: number; readonly atLeast: number },
  { quote, escape }: Pick<CsvFormat, 'quote' | 'escape'>,
): number {
  const quoteByte = quote === false ? undefined : quote.charCodeAt(0);
  const escapeByte = escape === undefined || escape === quote ? undefined : escape.charCodeAt(0);
  let at = from;
  let within = false;
  let opened = from;
  for (let end = lineEnd(scan, atLeast); end < scan.length; end = lineEnd(scan, end + 1)) {
    if (quoteByte === undefined) return end + 1;
    for (let found = scan.indexOf(quoteByte, at, end); found < end; found = scan.indexOf(quoteByte, at, end)) {
      at = found + 1;
      if (!within) opened = found;
      else if (escapeByte !== undefined && isEscaped(scan, { from: opened + 1, at: found }, escapeByte)) continue;
      within = !within;
    }
    at = end;
    if (!within) return end + 1;
  }
  return scan.length;
}

/** By an odd number of signs before it: two of them stand for the sign itself. */
function isEscaped(
  scan: ByteScan,
  { from, at }: { readonly from: number; readonly at: number },
  escapeByte: number,
): boolean {
  let first = at;
  while (first > from && scan.byteAt(first - 1) === escapeByte) first -= 1;
  return (at - first) % 2 === 1;
}

/** The header row of a CSV, from and to which byte, and where the rows begin. Empty where the format names the columns. */
export function headerOf(
  scan: ByteScan,
  format: CsvFormat,
): { readonly header: readonly [from: number, to: number]; readonly rowsAt: number } {
  let at = 0;
  for (let left = format.skipLines; left > 0 && at < scan.length; left--) at = lineEnd(scan, at) + 1;
  if (format.columns !== undefined) return { header: [0, 0], rowsAt: at };
  while (at < scan.length && textOf(scan, at, lineEnd(scan, at)).trim() === '') at = lineEnd(scan, at) + 1;
  const end = endOfRow(scan, { from: at, atLeast: at }, format);
  return { header: [at, end], rowsAt: end };
}
