import type { Alias } from '../core/alias.ts';
import { carryExact, isExactNumber, noteExact } from '../core/exact-numbers.ts';

/**
 * A record with the names that its fields have today. The new name counts wherever it is there, also as null; else the newest of the old ones that
 * is. The record itself stays as it is: its hash is over what came.
 */
export const byNewNames = (record: unknown, aliases: readonly Alias[]): unknown =>
  aliases.reduce((at, { path, was }) => named(at, path, was), record);

function named(value: unknown, [name = '', ...rest]: readonly string[], was: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (rest.length > 0) {
    if (!Object.hasOwn(value, name)) return value;
    const before = (value as Record<string, unknown>)[name];
    const inner = named(before, rest, was);
    return inner === before ? value : carryExact(value, withField(value, name, inner));
  }
  if (Object.hasOwn(value, name)) return value;
  const old = was.find((each) => Object.hasOwn(value, each));
  if (old === undefined) return value;
  const { [old]: own, ...others } = value as Record<string, unknown>;
  const copy = carryExact(value, withField(others, name, own), old);
  if (isExactNumber(value, old)) noteExact(copy, name);
  return copy;
}

/** An assignment to `__proto__` would be none of a field. */
const withField = (value: object, name: string, field: unknown): Record<string, unknown> =>
  Object.defineProperty({ ...value }, name, {
    value: field,
    enumerable: true,
    writable: true,
    configurable: true,
  });
