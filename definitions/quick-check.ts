import { isInherited } from '../core/inherited.ts';
import { isDateTime } from './date-time.ts';
import type { JsonSchema } from './json-schema.ts';

/**
 * Says of most records that fit that they do, without the copy that a whole check makes of each. `false` only means that
 * the whole check has to look. undefined: the schema says more than this can tell.
 */
export function quickCheck(schema: JsonSchema): ((record: unknown) => boolean) | undefined {
  if (typeof schema === 'boolean' || schema.type !== 'object' || !onlyHas(schema, objectKeywords)) return undefined;
  const required = new Set((schema.required ?? []) as readonly string[]);
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const checks: { readonly name: string; readonly fits: (value: unknown) => boolean }[] = [];
  for (const [name, field] of properties) {
    const fits = fieldCheck(field);
    if (fits === undefined || isInherited(name)) return undefined;
    const own = required.delete(name)
      ? fits === anything
        ? isThere
        : fits
      : (value: unknown): boolean => value === undefined || fits(value);
    checks.push({ name, fits: own });
  }
  // A field may be required without being described.
  for (const name of required) {
    if (isInherited(name)) return undefined;
    checks.push({ name, fits: isThere });
  }
  return (record) => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return false;
    for (const { name, fits } of checks) if (!fits((record as Record<string, unknown>)[name])) return false;
    return true;
  };
}

const annotations = ['title', 'description', 'examples', '$comment', 'deprecated', 'readOnly', 'writeOnly', 'was'];
const objectKeywords = new Set([...annotations, 'type', 'required', 'properties', '$schema', '$id']);
const fieldKeywords = new Set([...annotations, 'type', 'format']);

const onlyHas = (schema: object, keywords: ReadonlySet<string>): boolean =>
  Object.keys(schema).every((keyword) => keywords.has(keyword));

function fieldCheck(schema: JsonSchema): ((value: unknown) => boolean) | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (schema.type === undefined) return Object.keys(schema).length === 0 ? anything : undefined;
  if (schema.type === 'object' && schema.properties !== undefined) return quickCheck(schema);
  if (!onlyHas(schema, fieldKeywords)) return undefined;
  const types = [schema.type].flat() as string[];
  const checks = types.map((type) => typeCheck(type, schema.format));
  const [first, second] = checks;
  if (first === undefined || checks.includes(undefined)) return undefined;
  if (checks.length === 1) return first;
  if (checks.length === 2 && second !== undefined) return (value) => first(value) || second(value);
  return (value) => checks.some((check) => check?.(value) === true);
}

const anything = (): boolean => true;
const isThere = (value: unknown): boolean => value !== undefined;

function typeCheck(type: string, format: unknown): ((value: unknown) => boolean) | undefined {
  if (format !== undefined && !(type === 'string' && format === 'date-time') && type !== 'null') return undefined;
  switch (type) {
    case 'string':
      return format === undefined
        ? (value) => typeof value === 'string'
        : (value) => typeof value === 'string' && isDateTime(value);
    case 'integer':
      return (value) => Number.isSafeInteger(value);
    case 'number':
      return (value) => typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'null':
      return (value) => value === null;
    case 'object':
      return (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray;
    default:
      return undefined;
  }
}
