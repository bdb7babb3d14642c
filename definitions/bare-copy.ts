import { isInherited } from '../core/inherited.ts';
import type { JsonSchema } from './json-schema.ts';

/** zod passes a field of this name over, whatever its schema says; under another name it is a field like others. */
const PROTO = '__proto__';
const ALIAS = '\u0000proto';

/** Whether a schema names a field that every object inherits: zod would take what is inherited for the field's value. */
export function hasInherited(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if (Array.isArray(schema)) return schema.some(hasInherited);
  return Object.entries(schema).some(
    ([keyword, value]) =>
      (keyword === 'properties' && typeof value === 'object' && Object.keys(value as object).some(isInherited)) ||
      hasInherited(value),
  );
}

/** The schema of what `bareCopy` makes of a record. */
export const withAliases = (schema: JsonSchema): JsonSchema => aliased(schema, '') as JsonSchema;

function aliased(value: unknown, keyword: string): unknown {
  if (keyword === 'const' || keyword === 'enum') return value;
  if (Array.isArray(value))
    return value.map((item) => (keyword === 'required' && item === PROTO ? ALIAS : aliased(item, '')));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key === PROTO ? ALIAS : key, aliased(inner, key)]),
  );
}

/** A copy that inherits nothing. */
export function bareCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bareCopy);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, inner] of Object.entries(value)) copy[key === PROTO ? ALIAS : key] = bareCopy(inner);
  return copy;
}

/** A name as the record has it. */
export const unaliased = (name: string): string => (name === ALIAS ? PROTO : name);
