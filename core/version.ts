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
  if (parts.length === 1) return encodePart(parts[0] as VersionPart);
  // Every other part has a fixed shape without control characters; text may hold spaces, so only U+0001 sorts below it.
  const separator = parts.slice(0, -1).some((part) => part.type === 'text') ? '\u0001' : ' ';
  return parts.map(encodePart).join(separator);
}

export function compareVersions(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}

function encodePart({ value, type }: VersionPart): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (type === 'timestamp') return sortableTime(text);
  return type === 'integer' || type === 'number' ? sortableNumber(text) : text;
}

const isoTime = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:([Zz])|([+-]\d\d):?(\d\d)?)?$/;

/** `2026-01-02T03:04:05.678000000Z`: UTC with nine digits of fraction, whatever zone and precision came in. */
export function sortableTime(text: string): string {
  const match = isoTime.exec(text);
  if (match === null) return text;
  const [, date, minutes, seconds = '00', fraction = '', , zoneHours, zoneMinutes = '00'] = match;
  const local = `${date}T${minutes}:${seconds}`;
  const utc =
    zoneHours === undefined || (zoneHours.slice(1) === '00' && zoneMinutes === '00')
      ? local
      : new Date(Date.parse(`${local}${zoneHours}:${zoneMinutes}`)).toISOString().slice(0, 19);
  return `${utc}.${fraction.padEnd(9, '0')}Z`;
}

const DIGITS = 20;

/** Zero-padded; negative numbers as `-` and the nines' complement, since `-` sorts before digits. */
function sortableNumber(text: string): string {
  const plain = /[eE]/.test(text) ? Number(text).toFixed(12) : text;
  const [, sign, whole = '', fraction] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(plain) ?? [];
  if (whole === '') return text;
  const digits = `${whole.replace(/^0+(?=\d)/, '').padStart(DIGITS, '0')}${trimFraction(fraction)}`;
  // `~` ends a complement so that -1 (shorter) still sorts after -1.5.
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits.replace(/\d/g, (d) => String(9 - Number(d)))}~` : digits;
}

function trimFraction(fraction: string | undefined): string {
  const kept = (fraction ?? '').replace(/0+$/, '');
  return kept === '' ? '' : `.${kept}`;
}
