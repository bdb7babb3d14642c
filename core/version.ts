import type { ColumnText } from './column-text.ts';
import type { Column } from './column.ts';
import { parseDecimal } from './decimal.ts';
import { valueAt } from './json.ts';

/**
 * Versions of a record: a declared tuple of fields, written as one text whose code-unit order is the order of the
 * versions, in JavaScript as in SQL with `COLLATE "C"`. No version declared: `null`, and arrival decides.
 */

export type VersionType = 'text' | 'integer' | 'number' | 'timestamp' | 'date' | 'boolean' | 'json';

export interface VersionPart {
  readonly value: unknown;
  readonly type: VersionType;
}

/** The tuple as a sortable text. An absent part sorts before all others. */
export function encodeVersion(parts: readonly VersionPart[]): string | null {
  if (parts.length === 0) return null;
  const separator = separatorOf(parts);
  let text = '';
  for (let i = 0; i < parts.length; i++) {
    const { value, type } = parts[i] as VersionPart;
    text += (i === 0 ? '' : separator) + encodePart(value, type);
  }
  return text;
}

/** The version of a record, from where its definition says that it is. */
export function versionOf(
  record: Readonly<Record<string, unknown>>,
  fields: readonly Pick<Column, 'path' | 'type' | 'read'>[],
): string | null {
  if (fields.length === 0) return null;
  const separator = separatorOf(fields);
  let text = '';
  for (let i = 0; i < fields.length; i++) {
    const { path, type, read } = fields[i] as (typeof fields)[number];
    text +=
      (i === 0 ? '' : separator) +
      encodePart(read === undefined ? valueAt(record, path) : readText(read(valueAt(record, path))), type);
  }
  return text;
}

/** Of a time that cannot be read, which the check of its record has refused: nothing. */
const readText = (time: ColumnText): string | null => ('text' in time ? time.text : null);

/** Every other part has a fixed shape without control characters; text may hold spaces, so only U+0001 sorts below it. */
function separatorOf(parts: readonly { readonly type: VersionType }[]): string {
  for (let i = 0; i < parts.length - 1; i++) if (parts[i]?.type === 'text') return '\u0001';
  return ' ';
}

export function compareVersions(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}

function encodePart(value: unknown, type: VersionType): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return padded(value);
  const text = typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : JSON.stringify(value);
  if (type === 'timestamp') return sortableTime(text);
  return type === 'integer' || type === 'number' ? sortableNumber(text) : text;
}

/** Of whole numbers; `padStart` makes a text of its zeros each time. */
function padded(value: number): string {
  const digits = String(value);
  return (PADS[digits.length] as string) + digits;
}

const plainTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const ZEROS = '000000000';
const DIGITS = 20;
const PADS = Array.from({ length: DIGITS + 1 }, (_, digits) => '0'.repeat(DIGITS - digits));
const isoTime = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-]\d\d):?(\d\d)?)?$/;

/** `2026-01-02T03:04:05.678000000Z`: UTC with nine digits of fraction, whatever zone and precision came in. */
export function sortableTime(text: string): string {
  if (plainTime.test(text))
    return `${text.slice(0, -1)}${text.length === 20 ? '.' : ''}${ZEROS.slice(0, 30 - Math.max(text.length, 21))}Z`;
  const match = isoTime.exec(text);
  if (match === null) return text;
  const [, date, minutes, seconds = '00', fraction = '', , zoneHours, zoneMinutes = '00'] = match;
  const local = `${date}T${minutes}:${seconds}`;
  const isUtc = zoneHours === undefined || (zoneHours.slice(1) === '00' && zoneMinutes === '00');
  const utc = isUtc ? local : inUtc(local, `${zoneHours}:${zoneMinutes}`);
  return `${utc}.${fraction.slice(0, 9).padEnd(9, '0')}Z`;
}

/** Times that do not exist, and those that a zone moves out of the years 0 to 9999, stay as they are. */
function inUtc(local: string, zone: string): string {
  const time = Date.parse(`${local}${zone}`);
  const iso = Number.isNaN(time) ? '' : new Date(time).toISOString();
  return /^\d{4}-/.test(iso) ? iso.slice(0, 19) : local;
}

/**
 * Zero-padded to 20 digits; longer ones follow a `:` (which sorts after digits) and how many digits they have. Negative
 * numbers as `-` and the nines' complement, since `-` sorts before digits; there `/` (before digits) stands for `:`.
 */
function sortableNumber(text: string): string {
  const decimal = parseDecimal(text);
  if (decimal === undefined) return text;
  const { negative, whole, fraction } = decimal;
  const isLong = whole.length > DIGITS;
  const padded = isLong ? `${String(whole.length).padStart(4, '0')}${whole}` : whole.padStart(DIGITS, '0');
  const sortable = fraction === '' ? padded : `${padded}.${fraction}`;
  if (!negative) return isLong ? `:${sortable}` : sortable;
  // `~` ends a complement so that -1 (shorter) still sorts after -1.5.
  return `-${isLong ? '/' : ''}${sortable.replace(/\d/g, (d) => String(9 - Number(d)))}~`;
}
