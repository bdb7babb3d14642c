/**
 * JSON text with sorted keys at every level (by UTF-16 code unit, as RFC 8785 §3.2.3 sorts them): equal values give equal
 * text, whatever the order they were built in. What JSON leaves out (undefined, functions) is left out here too.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '', 0) ?? 'null';
}

/** The same for a value as JSON.parse makes it, no string of which needs an escape: none is looked for. */
export const canonicalPlainJson = (value: unknown): string => writePlain(value, 0);

function writePlain(value: unknown, depth: number): string {
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value !== 'object' || value === null) return `${value as number | boolean | null}`;
  if (Array.isArray(value)) return `[${value.map((item) => writePlain(item, depth + 1)).join(',')}]`;
  const { sorted, quoted, opening } = keysOf(value, depth);
  if (sorted.length === 0) return '{}';
  let text = '{';
  for (let i = 0; i < sorted.length; i++) {
    const member = (value as Record<string, unknown>)[sorted[i] as string];
    if (typeof member === 'string') text += `${opening[i] as string}${member}"`;
    else text += (quoted[i] as string) + writePlain(member, depth + 1);
  }
  return `${text}}`;
}

function write(value: unknown, key: string, depth: number): string | undefined {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (hasToJson(value)) return write(value.toJSON(key), key, depth);
  if (Array.isArray(value))
    return `[${value.map((item, index) => write(item, String(index), depth + 1) ?? 'null').join(',')}]`;
  // Not rebuilt as an object: JavaScript puts keys such as "10" before "9" first in number order, sorted or not.
  const { sorted, quoted } = keysOf(value, depth);
  let text = '';
  for (let i = 0; i < sorted.length; i++) {
    const name = sorted[i] as string;
    const member = write((value as Record<string, unknown>)[name], name, depth + 1);
    if (member === undefined) continue;
    const named = quoted[i] as string;
    // The first one that is written has no comma before it, though others may have been left out.
    text += (text === '' ? `{${i === 0 ? named : named.slice(1)}` : named) + member;
  }
  return text === '' ? '{}' : `${text}}`;
}

// oxlint-disable-next-line no-control-regex -- JSON escapes them
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;
const quote = (text: string): string => (needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`);

interface Keys {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  /** The sorted ones as they are written: with their colon, and the comma before all but the first. */
  readonly quoted: readonly string[];
  /** The same with the quote that begins a string. */
  readonly opening: readonly string[];
}

/** The records of a page have their keys in one order: per depth, the last order seen is kept. */
const lastSeen: Keys[] = [];

function keysOf(value: object, depth: number): Keys {
  const seen = lastSeen[depth];
  if (seen !== undefined && hasKeys(value, seen.keys)) return seen;
  const keys = Object.keys(value);
  const sorted = keys.toSorted();
  const quoted = sorted.map((name, i) => `${i === 0 ? '' : ','}${quote(name)}:`);
  const found = { keys, sorted, quoted, opening: quoted.map((name) => `${name}"`) };
  if (depth < 8) lastSeen[depth] = found;
  return found;
}

/** `for … in` where Object.keys would make an array of each record's. */
function hasKeys(value: object, keys: readonly string[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  let at = 0;
  for (const name in value) if (name !== keys[at++]) return false;
  return at === keys.length;
}

function hasToJson(value: object): value is { toJSON: (key: string) => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
