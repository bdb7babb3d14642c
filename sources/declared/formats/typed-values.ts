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
  if (schema instanceof z.ZodType) return same;
  const root = schema as JsonSchema;
  return fieldsBy(root, { root, structure, isTop: true });
}

const same: TypeRecord = (value) => value;

interface Wanted {
  readonly root: JsonSchema;
  readonly structure: Structure;
  /** Of the record itself. */
  readonly isTop: boolean;
}

/** Made once, and not for each record; deeper levels when a value of theirs comes, for schemas may hold themselves. */
function fieldsBy(schema: JsonSchema, wanted: Wanted): TypeRecord {
  const converters = new Map(
    [...fieldsOf(schema, wanted.root)]
      .map(([name, field]) => [name, valueBy(field, wanted)] as const)
      .filter(([, convert]) => convert !== same),
  );
  if (converters.size === 0) return same;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const changed: [string, unknown][] = [];
    for (const [name, convert] of converters)
      if (Object.hasOwn(value, name)) changed.push([name, convert((value as Record<string, unknown>)[name])]);
    return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) };
  };
}

function valueBy(schema: JsonSchema, wanted: Wanted): TypeRecord {
  const { root, structure, isTop } = wanted;
  const type = columnType(schema, root);
  if (type === 'boolean') return toBoolean;
  if (type === 'integer' || type === 'number') return isTop ? same : toNumber;
  if (type !== 'json') return same;
  const deeper = { ...wanted, isTop: false };
  if (isSaid(schema, 'array')) {
    const items = typeof schema === 'boolean' ? schema : ((schema.items ?? true) as JsonSchema);
    const item = lazily(() => valueBy(items, deeper));
    return (value) => {
      const list = isNone(value) ? value : structure(value, 'array');
      return Array.isArray(list) ? list.map(item) : list;
    };
  }
  const fields = lazily(() => fieldsBy(schema, deeper));
  if (!isSaid(schema, 'object')) return fields;
  return (value) => fields(isNone(value) ? value : structure(value, 'object'));
}

function lazily(make: () => TypeRecord): TypeRecord {
  let made: TypeRecord | undefined;
  return (value) => (made ??= make())(value);
}

const isSaid = (schema: JsonSchema, type: string): boolean =>
  typeof schema !== 'boolean' && [schema.type].flat().includes(type);

const isNone = (value: unknown): boolean => value === null || value === undefined;

function toBoolean(value: unknown): unknown {
  const lower = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return lower === 'true' ? true : lower === 'false' ? false : value;
}

/** Where a double holds it, but for zeros at its end. */
function toNumber(value: unknown): unknown {
  if (typeof value !== 'string' || !/^-?\d+(\.\d+)?$/.test(value)) return value;
  const plain = value.includes('.') ? value.replace(/\.?0+$/, '') : value;
  return String(Number(value)) === plain ? Number(value) : value;
}
