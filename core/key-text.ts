import type { ColumnKind } from './column-text.ts';
import { parseDecimal, writeDecimal } from './decimal.ts';
import { parseMicros, writeMicros } from './micros.ts';

/**
 * The one text of a key's part. Keys are compared as texts here and as values in the warehouse, so what is one value there
 * (1.0 and 1e0, a time in two zones or with digits beyond the microsecond) must be one text.
 */
export function keyPart(kind: ColumnKind, text: string): string {
  if (kind === 'timestamp') return keyTime(text);
  if (kind !== 'number') return text;
  const decimal = parseDecimal(text);
  return decimal === undefined ? text : writeDecimal(decimal);
}

/** One part: its text. Several: a JSON array of their texts. None: null. */
export function keyText(parts: readonly string[]): string | null {
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] as string) : JSON.stringify(parts);
}

/** The parts of a key of so many columns. */
export const keyParts = (key: string, columns: number): readonly string[] =>
  columns === 1 ? [key] : (JSON.parse(key) as string[]);

/** For people: several parts stand in the log as a JSON array. */
export function readableKey(key: string): string {
  if (!key.startsWith('["')) return key;
  try {
    return keyParts(key, 2).join(', ');
  } catch {
    return key;
  }
}

/** UTC already, and of no more digits than the microsecond has. */
const plainTime = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;
const ZEROS = '000000';

/** UTC with six digits of fraction. */
function keyTime(text: string): string {
  if (plainTime.test(text))
    return `${text.slice(0, -1)}${text.length === 20 ? '.' : ''}${ZEROS.slice(0, 27 - Math.max(text.length, 21))}Z`;
  const micros = parseMicros(text);
  if (micros === undefined) return text;
  const written = writeMicros(micros);
  // A zone may move a time of the first day into the year before. PostgreSQL calls that year 1 BC and refuses a year 0.
  return written.startsWith('0000') ? `0001${written.slice(4)} BC` : written;
}
