/**
 * Numbers that a double cannot hold arrive as texts of digits (core/json.ts). Which texts those are is remembered beside the objects
 * that hold them, so that JSON made of them has numbers again.
 */
const namesOf = new WeakMap<object, Set<string>>();
/** Those objects, and all that they are in. */
const holders = new WeakSet<object>();
/** Most partners have no such numbers: then nobody looks any further. */
let any = false;

/** For the reviver of JSON.parse, which sees the innermost values first. */
export function noteExact(holder: object, name: string): void {
  const names = namesOf.get(holder);
  if (names === undefined) namesOf.set(holder, new Set([name]));
  else names.add(name);
  noteHolder(holder);
}

export function noteHolder(holder: object): void {
  any = true;
  holders.add(holder);
}

/** Whether such a number is in it, at any depth. */
export const holdsExact = (value: unknown): value is object =>
  any && typeof value === 'object' && value !== null && holders.has(value);

/** Whether the text of this field, or of this place in an array, was a number. */
export const isExactNumber = (holder: object, name: string): boolean => namesOf.get(holder)?.has(name) === true;

/** For a copy of an object's fields. `but`: a field that has another value there. */
export function carryExact<T extends object>(from: object, to: T, but?: string): T {
  if (!holdsExact(from)) return to;
  noteHolder(to);
  const names = new Set(namesOf.get(from));
  if (but !== undefined) names.delete(but);
  if (names.size > 0) namesOf.set(to, names);
  return to;
}

/**
 * JSON text of a value, with the numbers that `original` had where the value has their texts still: a schema may have made another
 * object of it. Like JSON.stringify it gives nothing for what JSON leaves out.
 */
export function exactJson(value: unknown, original: unknown): string {
  if (typeof value !== 'object' || value === null || !holdsExact(original)) return JSON.stringify(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return JSON.stringify(value);
  const member = (name: string): string | undefined => {
    const inner = (value as Record<string, unknown>)[name];
    const before = Object.hasOwn(original, name) ? (original as Record<string, unknown>)[name] : undefined;
    return typeof inner === 'string' && inner === before && isExactNumber(original, name)
      ? inner
      : exactJson(inner, before);
  };
  if (Array.isArray(value)) return `[${value.map((_, at) => member(String(at)) ?? 'null').join(',')}]`;
  const members = Object.keys(value).flatMap((name) => {
    const text = member(name);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(',')}}`;
}
