import type { FieldNames } from '../core/field-names.ts';
import type { StreamDefinition } from './definition.ts';
import { fieldsOf, pointed, schemaAt, type JsonSchema } from './json-schema.ts';

/** A field that has a column of its own. */
export interface Leaf {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

/** The fields of a record that have columns: those at the top, and those inside objects that are flattened. */
export const leavesOf = (stream: Pick<StreamDefinition, 'flatten'>, json: JsonSchema): readonly Leaf[] =>
  [...fieldsOf(json, json)].flatMap(([name, schema]) => leavesAt({ path: [name], schema }, stream, json));

/** The objects that are flattened, by their names at the top; undefined: none is. */
export function flattenedNames(
  stream: Pick<StreamDefinition, 'flatten'>,
  json: JsonSchema,
): ReadonlyMap<string, FieldNames> | undefined {
  const tree = namesOf(
    leavesOf(stream, json)
      .filter(({ path }) => path.length > 1)
      .map(({ path }) => path),
  );
  return tree.size === 0 ? undefined : (tree as ReadonlyMap<string, FieldNames>);
}

/** Why an object that is to be flattened cannot be; undefined: it can. */
export function unflattenable(name: string, json: JsonSchema): string | undefined {
  const schema = schemaAt(json, name.split('.'));
  if (schema === undefined) return 'the schema has no such field';
  return fieldsOf(objectOf(schema, json) ?? false, json).size > 0
    ? undefined
    : 'it is no object whose properties the schema names';
}

function leavesAt(leaf: Leaf, stream: Pick<StreamDefinition, 'flatten'>, json: JsonSchema): readonly Leaf[] {
  const { path, schema } = leaf;
  const { flatten = false } = stream;
  const wanted = typeof flatten === 'boolean' ? flatten : flatten.includes(path.join('.'));
  const object = wanted && path.length < DEEPEST ? objectOf(schema, json) : undefined;
  const fields = object === undefined ? [] : [...fieldsOf(object, json)];
  if (fields.length === 0) return [leaf];
  return fields.flatMap(([name, inner]) => leavesAt({ path: [...path, name], schema: inner }, stream, json));
}

/** A schema may hold itself. */
const DEEPEST = 8;

/** The schema of the object, where the field is one or null, and nothing else. */
function objectOf(schema: JsonSchema, json: JsonSchema, seen: readonly JsonSchema[] = []): JsonSchema | undefined {
  if (typeof schema === 'boolean' || seen.includes(schema)) return undefined;
  if (typeof schema.$ref === 'string') {
    const target = pointed(json, schema.$ref);
    return typeof target === 'object' && target !== null
      ? objectOf(target as JsonSchema, json, [...seen, schema])
      : undefined;
  }
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) {
    const [object, ...others] = (branches as JsonSchema[]).filter((branch) => !isNull(branch));
    return object === undefined || others.length > 0 ? undefined : objectOf(object, json, [...seen, schema]);
  }
  const types = [schema.type ?? 'object'].flat();
  return types.every((type) => type === 'object' || type === 'null') && types.includes('object') ? schema : undefined;
}

const isNull = (schema: JsonSchema): boolean => typeof schema === 'object' && schema.type === 'null';

function namesOf(paths: readonly (readonly string[])[]): FieldNames {
  const tree = new Map<string, FieldNames | null>();
  for (const name of new Set(paths.map(([first]) => first as string))) {
    const inside = paths.filter(([first, ...rest]) => first === name && rest.length > 0).map((path) => path.slice(1));
    tree.set(name, inside.length === 0 ? null : namesOf(inside));
  }
  return tree;
}
