/**
 * JSON text with sorted keys at every level (by UTF-16 code unit, as RFC 8785 §3.2.3 sorts them): equal values give equal
 * text, whatever the order they were built in. What JSON leaves out (undefined, functions) is left out here too.
 */
export function canonicalJson(value: unknown): string {
  return (isSorted(value) ? JSON.stringify(value) : write(value)) ?? 'null';
}

/** Whether `JSON.stringify` would already write the keys in order. */
function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  if (hasToJson(value)) return false;
  let last: string | undefined;
  for (const key of Object.keys(value)) {
    if (last !== undefined && key < last) return false;
    if (!isSorted((value as Record<string, unknown>)[key])) return false;
    last = key;
  }
  return true;
}

function write(value: unknown, key = ''): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (hasToJson(value)) return write(value.toJSON(key));
  if (Array.isArray(value)) return `[${value.map((item, index) => write(item, String(index)) ?? 'null').join(',')}]`;
  const members: string[] = [];
  // Not rebuilt as an object: JavaScript puts keys such as "10" before "9" first in number order, sorted or not.
  for (const name of Object.keys(value).toSorted()) {
    const text = write((value as Record<string, unknown>)[name], name);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

function hasToJson(value: object): value is { toJSON: (key: string) => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
