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
  const { sorted, quoted } = keysOf(value, depth);
  if (sorted.length === 0) return '{}';
  let text = '';
  for (let i = 0; i < sorted.length; i++) {
    const member = writePlain((value as Record<string, unknown>)[sorted[i] as string], depth + 1);
    text += (i === 0 ? '{' : ',') + (quoted[i] as string) + member;
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
    if (member !== undefined) text += (text === '' ? '{' : ',') + (quoted[i] as string) + member;
  }
  return text === '' ? '{}' : `${text}}`;
}

// oxlint-disable-next-line no-control-regex -- JSON escapes them
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;
const quote = (text: string): string => (needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`);

interface Keys {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  /** The sorted ones as they are written, with their colon. */
  readonly quoted: readonly string[];
}

/** The records of a page have their keys in one order: per depth, the last order seen is kept. */
const lastSeen: Keys[] = [];

function keysOf(value: object, depth: number): Keys {
  const keys = Object.keys(value);
  const seen = lastSeen[depth];
  if (seen !== undefined && sameKeys(keys, seen.keys)) return seen;
  const sorted = keys.toSorted();
  const found = { keys, sorted, quoted: sorted.map((name) => `${quote(name)}:`) };
  if (depth < 8) lastSeen[depth] = found;
  return found;
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function hasToJson(value: object): value is { toJSON: (key: string) => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
