import { z } from 'zod';
import { parseJson } from '../../../core/json.ts';
import type { StreamDefinition } from '../../../definitions/definition.ts';
import { columnType, fieldsOf, type JsonSchema } from '../../../definitions/json-schema.ts';

export type TypeRecord = (record: unknown) => unknown;

/** What a value becomes where the schema has an array or an object; what it is, where it cannot. */
type Structure = (value: unknown, type: 'array' | 'object') => unknown;

/** In XML a list of one is no list, and an empty one an empty text. */
export const listOfOne: Structure = (value, type) =>
  type === 'object' || Array.isArray(value) ? value : value === '' ? [] : [value];

/** CSV writes lists and objects as JSON. */
export const textOfJson: Structure = (value, type) => {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    const parsed = parseJson(value);
    return Array.isArray(parsed) === (type === 'array') ? parsed : value;
  } catch {
    return value;
  }
};

/**
 * In CSV and XML all values are texts. Where the schema wants a boolean, `true` and `false` become one; within objects numbers
 * become numbers; arrays and objects are made as `structure` has it. Top-level numbers stay the digits they are: columns of
 * numbers take them and lose none. What does not fit stays what it is, for the schema to refuse.
 */
export function typedBy(schema: StreamDefinition['schema'], structure: Structure): TypeRecord {
  // A zod schema says itself what it makes of a text.
  if (schema instanceof z.ZodType) return (record) => record;
  const root = schema as JsonSchema;
  return (record) => typed(record, { schema: root, root, structure, depth: 0 });
}

interface Wanted {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  readonly structure: Structure;
  readonly depth: number;
}

function typed(given: unknown, wanted: Wanted): unknown {
  const { schema, root, structure, depth } = wanted;
  if (given === null || given === undefined) return given;
  const types = typeof schema === 'boolean' ? [] : [schema.type].flat();
  const type = types.includes('array') ? 'array' : types.includes('object') && depth > 0 ? 'object' : undefined;
  const value = type === undefined ? given : structure(given, type);
  if (Array.isArray(value)) {
    if (type !== 'array') return value;
    const items = typeof schema === 'boolean' ? schema : ((schema.items ?? true) as JsonSchema);
    return value.map((item: unknown) => typed(item, { ...wanted, schema: items, depth: depth + 1 }));
  }
  if (typeof value === 'string') return typedText(value, columnType(schema, root), depth);
  if (typeof value !== 'object' || value === null) return value;
  const fields = fieldsOf(schema, root);
  if (fields.size === 0) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      const field = fields.get(name);
      return [name, field === undefined ? inner : typed(inner, { ...wanted, schema: field, depth: depth + 1 })];
    }),
  );
}

function typedText(text: string, type: ReturnType<typeof columnType>, depth: number): unknown {
  if (type === 'boolean') {
    const lower = text.trim().toLowerCase();
    return lower === 'true' ? true : lower === 'false' ? false : text;
  }
  return depth > 1 && (type === 'integer' || type === 'number') && isExact(text) ? Number(text) : text;
}

/** A double holds it, but for zeros at its end. */
const isExact = (text: string): boolean =>
  /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
