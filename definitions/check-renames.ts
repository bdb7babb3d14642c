import { columnsOf } from './columns.ts';
import { includedNames } from './mentions.ts';
import type { StreamDefinition } from './definition.ts';
import { fieldsOf, schemaAt, type JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import { aliasesOf, wasOf } from './was.ts';

/** Whether older names of fields (`was`) can be told from those of today, and stand where columns are made of fields. */
export function checkRenames(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  const aliases = aliasesOf(stream, json);
  const at = (field: readonly string[]): Path => [...path, 'schema', 'properties', ...field.slice(0, 1)];
  const problems = aliases.flatMap(({ path: field, was }) => {
    const beside = siblingsOf(json, field.slice(0, -1));
    const others = aliases.filter((other) => other.path !== field && sameHolder(other.path, field));
    return was.flatMap((name): Problem[] => {
      const why = whyNot({ name, field, beside, others, included: Object.values(includedNames(stream)) });
      return why === undefined ? [] : [{ path: at(field), says: `was: ${why}` }];
    });
  });
  const known = new Set(aliases.map(({ path: field }) => JSON.stringify(field)));
  for (const field of placesOfWas(json))
    if (!known.has(JSON.stringify(field)))
      problems.push({
        path: at(field),
        says: `was: "${field.join('.')}" has no column of its own, so there is none to rename; it is for fields at the top and inside objects that are flattened`,
      });
  return problems.length > 0 ? problems : checkColumnNames(stream, json, path);
}

interface Old {
  readonly name: string;
  readonly field: readonly string[];
  readonly beside: ReadonlySet<string>;
  readonly others: readonly { readonly path: readonly string[]; readonly was: readonly string[] }[];
  readonly included: readonly string[];
}

function whyNot({ name, field, beside, others, included }: Old): string | undefined {
  const own = field.at(-1) as string;
  if (name === own) return `"${name}" is its present name; write the one that it had before`;
  if (beside.has(name) || (field.length === 1 && included.includes(name)))
    return `"${name}" is a field of the schema itself, so a record that has it would mean two things. To let two fields change their names with each other, take a new name for one of them first, and apply that`;
  const other = others.find(({ was }) => was.includes(name));
  return other === undefined
    ? undefined
    : `"${name}" is said to be the old name of ${other.path.join('.')} as well; leave it with one of the two`;
}

/** A column's old name may be the name of another column although the fields stand elsewhere: `address_city`, and `city` in `address`. */
function checkColumnNames(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  const columns = columnsOf(stream, json);
  const taken = new Map(columns.map(({ name, path: field }) => [name, field.join('.')]));
  return columns.flatMap(({ path: field, was = [] }): Problem[] =>
    was.flatMap((name) => {
      const other = taken.get(name);
      if (other === undefined) taken.set(name, field.join('.'));
      return other === undefined
        ? []
        : [
            {
              path: [...path, 'schema', 'properties', ...field.slice(0, 1)],
              says: `was: column "${name}" is the one of ${other} as well; leave out one of the two`,
            },
          ];
    }),
  );
}

const siblingsOf = (json: JsonSchema, holder: readonly string[]): ReadonlySet<string> => {
  const schema = schemaAt(json, holder);
  return new Set(schema === undefined ? [] : fieldsOf(schema, json).keys());
};

const sameHolder = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.slice(0, -1).every((step, at) => b[at] === step);

/** Fields of the schema that have older names, also those inside objects and lists. */
function placesOfWas(schema: JsonSchema, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof schema === 'boolean') return [];
  const own = path.length > 0 && wasOf(schema).length > 0 ? [path] : [];
  const inner = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) =>
    placesOfWas(field, [...path, name]),
  );
  const { items } = schema;
  const inItems =
    typeof items === 'object' && !Array.isArray(items) ? placesOfWas(items as JsonSchema, [...path, '*']) : [];
  return [...own, ...inner, ...inItems];
}
