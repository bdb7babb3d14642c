import type { ColumnKind } from './column-text.ts';
import { parseDecimal, writeDecimal } from './decimal.ts';
import { sortableTime } from './version.ts';

/**
 * The one text of a key's part. Keys are compared as texts here and as values in the warehouse, so what is one value there
 * (1.0 and 1e0, a time in two zones or with digits beyond the microsecond) must be one text.
 */
export function keyPart(kind: ColumnKind, text: string): string {
  if (kind === 'timestamp') return sortableTime(text).replace(/(\.\d{6})\d*Z$/, '$1Z');
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
