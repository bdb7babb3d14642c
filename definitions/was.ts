import { pathsOf, type Alias } from '../core/alias.ts';
import type { StreamDefinition } from './definition.ts';
import { leavesOf } from './flatten.ts';
import { schemaAt, type JsonSchema } from './json-schema.ts';

/**
 * Older names of fields (`was` in a schema, `.meta({ was })` in zod): of those at the top and of those inside objects that are flattened, since these
 * have columns. What is outside comes before what is inside it.
 */
export function aliasesOf(stream: Pick<StreamDefinition, 'flatten'>, json: JsonSchema): readonly Alias[] {
  // Few definitions have one: the others are not walked.
  if (!JSON.stringify(json).includes('"was"')) return [];
  const paths = leavesOf(stream, json).flatMap(({ path }) => path.map((_, end) => path.slice(0, end + 1)));
  const unique = new Map(paths.map((path) => [JSON.stringify(path), path]));
  return [...unique.values()]
    .flatMap((path): Alias[] => {
      const was = wasOf(schemaAt(json, path));
      return was.length === 0 ? [] : [{ path, was }];
    })
    .toSorted((a, b) => a.path.length - b.path.length);
}

export const aliasesIn = (...given: Parameters<typeof aliasesOf>): readonly Alias[] | undefined => {
  const found = aliasesOf(...given);
  return found.length === 0 ? undefined : found;
};

/** The names that a column of the field had before. */
export const oldColumns = (path: readonly string[], aliases: readonly Alias[]): readonly string[] =>
  [...new Set(pathsOf(path, aliases).map((one) => one.join('_')))].filter((name) => name !== path.join('_'));

/** zod puts it where `.meta` stands: beside `anyOf`, or inside one of its branches. */
export function wasOf(schema: JsonSchema | undefined): readonly string[] {
  if (schema === undefined || typeof schema === 'boolean') return [];
  const own = [schema['was'] ?? []].flat().filter((name): name is string => typeof name === 'string');
  const branches = [schema['anyOf'], schema['oneOf'], schema['allOf']].flatMap((list) =>
    Array.isArray(list) ? (list as JsonSchema[]) : [],
  );
  return [...new Set([...own, ...branches.flatMap(wasOf)])];
}
