import { z } from 'zod';
import type { ChildTable } from '../core/child-table.ts';
import type { Column } from '../core/column.ts';
import type { StreamDefinition } from './definition.ts';
import { leavesOf } from './flatten.ts';
import { columnType, fieldAt, pointed, type JsonSchema } from './json-schema.ts';
import { hides } from './transforms.ts';
import { means } from './means.ts';

/** Arrays whose elements have tables of their own, by their dotted names: docs/nested.md. */
export const children = means(
  'lists whose elements go to a table of their own, by their dotted names',
  z
    .record(
      z.string().min(1),
      z.strictObject({
        table: means(
          'name of the table of elements; `TABLE_FIELD` if absent',
          z
            .string()
            .regex(
              /^[a-z][a-z0-9_]{0,39}$/,
              'a lower-case name of letters, digits and _ that starts with a letter, up to 40',
            )
            .optional(),
        ),
        key: means(
          'fields that identify an element within its list; without them only its position does',
          z.array(z.string().min(1)).default([]),
        ),
      }),
    )
    .optional(),
);
/** The tables of a stream's children. `columns`: those of the stream's own table. */
export function childTables(
  stream: StreamDefinition,
  json: JsonSchema,
  of: { readonly table: string; readonly columns: readonly Column[] },
): readonly ChildTable[] {
  return Object.entries(stream.children ?? {}).flatMap(([name, child]): ChildTable[] => {
    const found = arrayAt(json, name);
    const column = of.columns.find((one) => found !== undefined && one.path.join('.') === found.path.join('.'));
    if (found === undefined || column === undefined) return [];
    return [
      {
        table: child.table ?? childName(of.table, name),
        column: column.name,
        path: found.path,
        columns: elementColumns(stream, json, found),
        key: child.key.map((key) => key.replaceAll('.', '_')),
      },
    ];
  });
}

export const childName = (table: string, field: string): string =>
  `${table}_${field.replaceAll('.', '_').toLowerCase()}`;

export interface ArrayAt {
  readonly path: readonly string[];
  /** Of an element. */
  readonly items: JsonSchema;
}

/** The array of objects that the field is; undefined: it is none. */
export function arrayAt(json: JsonSchema, name: string): ArrayAt | undefined {
  const field = fieldAt(json, name);
  const items = field === undefined ? undefined : itemsOf(field.schema, json);
  return field === undefined || items === undefined ? undefined : { path: field.path, items };
}

/** Fields of objects inside an element have columns of their own; arrays stay JSON. */
function elementColumns(
  { transforms = {} }: StreamDefinition,
  json: JsonSchema,
  { path: array, items }: ArrayAt,
): readonly Column[] {
  // A `$ref` inside the element is one of the whole schema.
  const defs = typeof json === 'object' ? { $defs: json['$defs'], definitions: json['definitions'] } : {};
  const element = typeof items === 'object' ? { ...defs, ...items } : items;
  return leavesOf({ flatten: true }, element).flatMap(({ path, schema }): Column[] => {
    const above = path.map((_, end) => transforms[[...array, ...path.slice(0, end + 1)].join('.')]);
    if (above.some((own) => own?.drop === true)) return [];
    const hidden = above.some((own) => own !== undefined && hides(own));
    return [{ name: path.join('_'), path, type: hidden ? 'text' : columnType(schema, element) }];
  });
}

function itemsOf(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema | undefined {
  if (typeof schema === 'boolean' || depth > 8) return undefined;
  if (typeof schema['$ref'] === 'string')
    return itemsOf((pointed(root, schema['$ref']) ?? false) as JsonSchema, root, depth + 1);
  const branches = (schema['anyOf'] ?? schema['oneOf']) as JsonSchema[] | undefined;
  if (Array.isArray(branches)) {
    const [only, ...others] = branches.filter((branch) => !(typeof branch === 'object' && branch['type'] === 'null'));
    return only === undefined || others.length > 0 ? undefined : itemsOf(only, root, depth + 1);
  }
  const types = [schema['type']].flat();
  const isArray = types.includes('array') && types.every((type) => type === 'array' || type === 'null');
  return isArray ? objectIn(schema['items'] as JsonSchema | undefined, root) : undefined;
}

function objectIn(items: JsonSchema | undefined, root: JsonSchema): JsonSchema | undefined {
  if (typeof items !== 'object' || Array.isArray(items)) return undefined;
  const target = typeof items['$ref'] === 'string' ? (pointed(root, items['$ref']) as JsonSchema | undefined) : items;
  return typeof target === 'object' && target['type'] === 'object' ? target : undefined;
}
