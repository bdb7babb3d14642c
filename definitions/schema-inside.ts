import { fieldsOf, type JsonSchema } from './json-schema.ts';

/** The schema of a field inside nested objects, also those that an array holds; undefined: no schema names it. */
export function schemaInside(root: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  let at: JsonSchema | undefined = root;
  for (const step of path) {
    const found: JsonSchema | undefined = at === undefined ? undefined : fieldsOf(at, root).get(step);
    at = found ?? inItems(at, step, root);
  }
  return at;
}

function inItems(schema: JsonSchema | undefined, step: string, root: JsonSchema): JsonSchema | undefined {
  if (typeof schema !== 'object') return undefined;
  const { items } = schema;
  if (typeof items !== 'object' || items === null || Array.isArray(items)) return undefined;
  return fieldsOf(items as JsonSchema, root).get(step) ?? inItems(items as JsonSchema, step, root);
}
