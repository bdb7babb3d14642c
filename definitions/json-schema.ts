import type { ColumnType } from './compiled.ts';

/** A JSON Schema as far as we read it ourselves; `true` and `false` are schemas too. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** The fields of an object and their schemas, through `$ref`, `allOf`, `anyOf` and `oneOf`. */
export function fieldsOf(schema: JsonSchema, root: JsonSchema): ReadonlyMap<string, JsonSchema> {
  const fields = new Map<string, JsonSchema>();
  const add = (at: JsonSchema, seen: readonly JsonSchema[]): void => {
    if (typeof at === 'boolean' || seen.includes(at)) return;
    const target = resolved(at, root);
    if (target !== undefined) return add(target, [...seen, at]);
    for (const [name, field] of Object.entries((at.properties ?? {}) as Record<string, JsonSchema>)) {
      const known = fields.get(name);
      fields.set(name, known === undefined || known === field ? field : { anyOf: [known, field] });
    }
    for (const branch of branches(at)) add(branch, [...seen, at]);
  };
  add(schema, []);
  return fields;
}

export interface FieldAt {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
  readonly type: ColumnType;
}

/** The field that `name` means: a top-level field of just this name, or a dotted path into nested objects. */
export function fieldAt(root: JsonSchema, name: string): FieldAt | undefined {
  const top = fieldsOf(root, root).get(name);
  if (top !== undefined) return { path: [name], schema: top, type: columnType(top, root) };
  const path = name.split('.');
  const schema = schemaAt(root, path);
  return schema === undefined ? undefined : { path, schema, type: columnType(schema, root) };
}

/** The schema of a field inside nested objects. */
export function schemaAt(root: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  let at: JsonSchema | undefined = root;
  for (const step of path) at = at === undefined ? undefined : fieldsOf(at, root).get(step);
  return at;
}

/** What a column has to be to hold every value that the schema allows; null is left out, every column takes it. */
export function columnType(schema: JsonSchema, root: JsonSchema): ColumnType {
  const types = [...typesOf(schema, root, [])].filter((type) => type !== 'null');
  const [first] = types;
  if (first !== undefined && types.length === 1) return first;
  if (types.length > 1 && types.every((type) => type === 'integer' || type === 'number')) return 'number';
  if (types.length > 1 && types.every((type) => texts.has(type))) return 'text';
  return 'json';
}

/** Whether null fits it. */
export const allowsNull = (schema: JsonSchema, root: JsonSchema): boolean =>
  [...typesOf(schema, root, [])].some((type) => type === 'null' || type === 'json');

/** A copy in which the field at `path` may be anything; undefined where no `properties` written in place lead to it. */
export function withAnythingAt(schema: JsonSchema, [name = '', ...rest]: readonly string[]): JsonSchema | undefined {
  if (typeof schema === 'boolean' || '$ref' in schema) return undefined;
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const inner = own === undefined || rest.length === 0 ? own && {} : withAnythingAt(own, rest);
  return inner === undefined ? undefined : { ...schema, properties: { ...properties, [name]: inner } };
}

const texts: ReadonlySet<string> = new Set(['text', 'timestamp', 'date']);

type Type = ColumnType | 'null';

function typesOf(schema: JsonSchema, root: JsonSchema, seen: readonly JsonSchema[]): Set<Type> {
  if (typeof schema === 'boolean' || seen.includes(schema)) return new Set(['json']);
  const deeper = [...seen, schema];
  const target = resolved(schema, root);
  if (target !== undefined) return typesOf(target, root, deeper);
  if ('const' in schema) return new Set([typeOfValue(schema.const)]);
  if (Array.isArray(schema.enum)) return new Set(schema.enum.map(typeOfValue));
  if (schema.type !== undefined) return new Set([schema.type].flat().map((type) => typeOfKeyword(type, schema.format)));
  const alternatives = [...list(schema.anyOf), ...list(schema.oneOf)];
  if (alternatives.length > 0) return new Set(alternatives.flatMap((branch) => [...typesOf(branch, root, deeper)]));
  // Each branch of allOf narrows the others: one that says nothing about the type takes nothing away.
  const narrowing = list(schema.allOf).map((branch) => typesOf(branch, root, deeper));
  const saying = narrowing.filter((types) => !(types.size === 1 && types.has('json')));
  return saying.length === 0 ? new Set(['json']) : new Set(saying.flatMap((types) => [...types]));
}

function typeOfKeyword(type: unknown, format: unknown): Type {
  switch (type) {
    case 'string':
      return format === 'date-time' ? 'timestamp' : format === 'date' ? 'date' : 'text';
    case 'integer':
    case 'number':
    case 'boolean':
    case 'null':
      return type;
    default:
      return 'json';
  }
}

function typeOfValue(value: unknown): Type {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return 'json';
}

/** What a local `$ref` points to; undefined without one, or when it leads nowhere. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  if (typeof schema === 'boolean' || typeof schema.$ref !== 'string') return undefined;
  const target = pointed(root, schema.$ref);
  return typeof target === 'boolean' || (typeof target === 'object' && target !== null)
    ? (target as JsonSchema)
    : undefined;
}

/** RFC 6901 in a URI fragment. */
export function pointed(root: JsonSchema, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const raw of reference.slice(1).split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined;
  }
  return at;
}

const branches = (schema: { readonly [keyword: string]: unknown }): JsonSchema[] => [
  ...list(schema.allOf),
  ...list(schema.anyOf),
  ...list(schema.oneOf),
];

const list = (value: unknown): JsonSchema[] => (Array.isArray(value) ? (value as JsonSchema[]) : []);
