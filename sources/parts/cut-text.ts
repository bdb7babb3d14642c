import { parseJson } from '../../core/json.ts';
import { formatOf, type CsvFormat, type Format } from '../../definitions/formats.ts';

/** As much of a text as is parsed, checked and committed at once, in characters. */
export const PART = 4 * 1024 * 1024;
/** What is little more than a part is read whole. */
const WHOLE = 1.5 * PART;

/** Formats in which a record ends with a line, and nothing before it changes what it means. */
export function isCut(format: Format): format is Extract<Format, { type: 'ndjson' | 'csv' }> {
  return format.type === 'ndjson' || (format.type === 'csv' && format.comment === undefined);
}

/** Where the part that begins at `at` ends: behind the line that ends a record. The rest of the text, where that is not much. */
export function endOfPart(text: string, at: number, given: Format, size = PART): number {
  const format = formatOf(given);
  if (text.length - at <= (size === PART ? WHOLE : size)) return text.length;
  const end = format.type === 'csv' ? endOfRows(text, { at, size }, format) : endOfLine(text, at + size);
  return text.slice(end).trim() === '' ? text.length : end;
}

/** Behind a line end whose next line is JSON: one that is none belongs to the part before, which says so of it. */
function endOfLine(text: string, atLeast: number): number {
  for (let end = text.indexOf('\n', atLeast); end !== -1; end = text.indexOf('\n', end + 1)) {
    const next = text.slice(end + 1, lineEnd(text, end + 1)).trim();
    if (next !== '' && isJson(next.startsWith('\u001e') ? next.slice(1) : next)) return end + 1;
  }
  return text.length;
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};

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
  text: string,
  { at, size }: { readonly at: number; readonly size: number },
  format: CsvFormat,
): number {
  const from = at === 0 ? headerOf(text, format).rowsAt : at;
  return endOfRow(text, { from, atLeast: Math.max(from, at + size) }, format);
}

/** Within quotes a line end is a character like others: an even number of them stands before the one that ends a row. */
function endOfRow(
  text: string,
  { from, atLeast }: { readonly from: number; readonly atLeast: number },
  { quote, escape }: Pick<CsvFormat, 'quote' | 'escape'>,
): number {
  let at = from;
  let within = false;
  const isQuote = (place: number): boolean => escape === undefined || escape === quote || text[place - 1] !== escape;
  const next = (place: number): number => {
    const found = text.indexOf(quote as string, place);
    return found === -1 ? text.length : found;
  };
  for (let end = lineEnd(text, atLeast); end < text.length; end = lineEnd(text, end + 1)) {
    if (quote === false) return end + 1;
    for (let found = next(at); found < end; found = next(found + 1)) {
      at = found + 1;
      if (isQuote(found)) within = !within;
    }
    if (!within) return end + 1;
  }
  return text.length;
}

/** The header row of a CSV, with its line end, and where the rows begin. '' where the format names the columns. */
export function headerOf(text: string, format: CsvFormat): { readonly header: string; readonly rowsAt: number } {
  let at = 0;
  for (let left = format.skipLines; left > 0 && at < text.length; left--) at = lineEnd(text, at) + 1;
  if (format.columns !== undefined) return { header: '', rowsAt: at };
  while (at < text.length && /^\s*$/.test(text.slice(at, lineEnd(text, at)))) at = lineEnd(text, at) + 1;
  const end = endOfRow(text, { from: at, atLeast: at }, format);
  return { header: text.slice(at, end), rowsAt: end };
}
