import { assertNever } from './assert-never.ts';
import { exactJson, holdsExact } from './exact-numbers.ts';

/** Text of a value for a typed column, or why it does not fit. Exact enough that the database never refuses a row. */
export type ColumnKind = 'text' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'date' | 'json';

export type ColumnText = { readonly text: string | null } | { readonly reason: string };

const INT64_MAX = 9223372036854775807n;
const INT64_MIN = -9223372036854775808n;
const decimal = /^[+-]?\d{1,1000}(\.\d{1,1000})?([eE][+-]?\d{1,3})?$/;
const time = /^(?!0000)\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.]\d{1,60})?)?([Zz]|[+-](0\d|1[0-4])(:?[0-5]\d)?)?$/;

/**
 * The text of a value that needs no more than a look, undefined when `columnText` has to decide. For values of records none of
 * whose strings holds anything that JSON would escape: most are like that.
 */
export function quickColumnText(kind: ColumnKind, value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? `${value as number}` : undefined;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? `${value}` : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? (value ? 't' : 'f') : undefined;
    case 'timestamp':
      return typeof value === 'string' && isPlainTime(value) ? value : undefined;
    case 'json':
      return holdsExact(value) ? undefined : JSON.stringify(value);
    case 'date':
      return undefined;
    default:
      return assertNever(kind);
  }
}

/** `null` and absent become SQL null. Reasons say types and shapes, never the value. */
export function columnText(kind: ColumnKind, value: unknown): ColumnText {
  if (value === null || value === undefined) return { text: null };
  switch (kind) {
    case 'text':
      return textOf(typeof value === 'string' ? value : JSON.stringify(value));
    case 'integer':
      return integerOf(value);
    case 'number':
      if (typeof value === 'number')
        return Number.isFinite(value) ? { text: String(value) } : refuse('a number', value);
      return typeof value === 'string' && decimal.test(value) ? { text: value } : refuse('a number', value);
    case 'boolean':
      return typeof value === 'boolean' ? { text: value ? 't' : 'f' } : refuse('a boolean', value);
    case 'timestamp':
      return timestampOf(value);
    case 'date':
      return typeof value === 'string' && isDay(value)
        ? { text: value }
        : refuse('a date of the years 1 to 9999', value);
    case 'json':
      return jsonText(exactJson(value, value), value);
    default:
      return assertNever(kind);
  }
}

function textOf(text: string): ColumnText {
  return text.includes('\u0000')
    ? { reason: 'text holds a NUL character, which the warehouse cannot store' }
    : { text: wellFormed(text) };
}

/** Half of a pair of UTF-16. */
export const hasLoneSurrogate = (text: string): boolean => /\p{Surrogate}/u.test(text);

/** UTF-8 has no lone surrogates: they become U+FFFD here, so that two texts that are one in the database are one for us. */
const wellFormed = (text: string): string =>
  /[\ud800-\udfff]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;

function integerOf(value: unknown): ColumnText {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { text: String(value) } : refuse('an integer', value);
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))) {
    const exact = BigInt(value);
    if (exact >= INT64_MIN && exact <= INT64_MAX) return { text: String(exact) };
  }
  return refuse('an integer of 64 bits', value);
}

function timestampOf(value: unknown): ColumnText {
  if (value instanceof Date)
    return isStorable(value) ? { text: value.toISOString() } : refuse('a time of the years 1 to 9999', value);
  if (typeof value === 'string' && isPlainTime(value)) return { text: value };
  if (typeof value !== 'string' || !time.test(value) || !isDay(value.slice(0, 10)) || !isClock(value))
    return refuse('an ISO 8601 time of the years 1 to 9999', value);
  // A time without a zone is UTC here, never the zone of the database's session.
  return { text: /[Zz]$|[+-]\d\d(:?\d\d)?$/.test(value.slice(10)) ? value : `${value}Z` };
}

/**
 * The form most partners use, `2026-01-28T23:59:59.123456Z`, told by its characters: in less time than the expressions
 * take. Days after the 28th and years before 1000 are left to them.
 */
export function isPlainTime(text: string): boolean {
  const { length } = text;
  if (length < 20 || length > 30 || text.charCodeAt(length - 1) !== 90) return false;
  for (let at = 0; at < length - 1; at++) {
    const expected = at < 20 ? LAYOUT.charCodeAt(at) : 48;
    const code = text.charCodeAt(at);
    if (expected === 48 ? code < 48 || code > 57 : code !== expected) return false;
  }
  const month = pair(text, 5);
  const day = pair(text, 8);
  return (
    text.charCodeAt(0) > 48 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    pair(text, 11) <= 23 &&
    pair(text, 14) <= 59 &&
    pair(text, 17) <= 59 &&
    length !== 21
  );
}
const LAYOUT = '0000-00-00T00:00:00.';
const pair = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

const isStorable = (time: Date): boolean =>
  !Number.isNaN(time.getTime()) && time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999;

const isClock = (value: string): boolean =>
  value.slice(11, 13) <= '23' && value.slice(14, 16) <= '59' && (value[16] !== ':' || value.slice(17, 19) <= '59');

/** A day of the proleptic Gregorian calendar, years 1 to 9999. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text.startsWith('0000')) return false;
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(2000 + (Number(text.slice(0, 4)) % 400), month, 0)).getUTCDate();
}

/** An escape that is one: preceded by an even number of backslashes. */
const nulEscape = /(?:^|[^\\])(?:\\\\)*\\u0000/;
const loneSurrogate = /(?<=(?:^|[^\\])(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** `text` is the JSON of `value`. */
export function jsonText(text: string, value: unknown): ColumnText {
  if (!text.includes('\\u')) return { text };
  if (nulEscape.test(text)) return { reason: 'text holds a NUL character, which the warehouse cannot store' };
  if (hasTwins(value))
    return {
      reason: 'two names differ only in halves of surrogate pairs, which UTF-8 cannot write: they would be one',
    };
  // JSON.stringify escapes only lone surrogates; UTF-8 has none, so they become U+FFFD, as in text columns.
  return { text: text.replace(loneSurrogate, '\ufffd') };
}

function hasTwins(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const names = Object.keys(value);
  return new Set(names.map(wellFormed)).size < names.length || Object.values(value).some(hasTwins);
}

function refuse(expected: string, value: unknown): ColumnText {
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return {
    reason: `expected ${expected}, found ${found === 'string' || found === 'number' ? `a ${found} that is none` : found}`,
  };
}
