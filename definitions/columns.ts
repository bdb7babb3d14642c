import type { Column } from './compiled.ts';
import type { StreamDefinition } from './definition.ts';
import { includedNames } from './mentions.ts';
import { fieldAt, fieldsOf, columnType, type JsonSchema } from './json-schema.ts';

/**
 * The target's columns: the primary key first, then the schema's top-level fields in their order, then the parent's values
 * that are included and not in the schema. A key inside a nested object (`customer.id`) has a column `customer_id`.
 */
export function columnsOf(stream: StreamDefinition, json: JsonSchema): readonly Column[] {
  const key = keyColumnsOf(stream, json);
  const inKey = new Set(key.filter((column) => column.path.length === 1).map((column) => column.name));
  const top = [...fieldsOf(json, json)].map(([name, schema]) => column([name], columnType(schema, json)));
  const added = Object.values(includedNames(stream))
    .filter((name) => !inKey.has(name) && fieldAt(json, name) === undefined)
    .map((name) => column([name], 'text'));
  return [...key, ...top.filter(({ name }) => !inKey.has(name)), ...added];
}

/** In the order of the key; a field that the schema lacks is left out (and refused by `checkPartner`). */
export function keyColumnsOf(stream: StreamDefinition, json: JsonSchema): readonly Column[] {
  return stream.primaryKey.flatMap((name) => {
    const field = recordField(stream, json, name);
    return field === undefined ? [] : [column(field.path, field.type)];
  });
}

/** A field of the record as it is checked: of the schema, or the parent's value that was added to it. */
export function recordField(
  stream: StreamDefinition,
  json: JsonSchema,
  name: string,
): Omit<Column, 'name'> | undefined {
  return fieldAt(json, name) ?? (isIncluded(stream, name) ? { path: [name], type: 'text' } : undefined);
}

const isIncluded = (stream: StreamDefinition, name: string): boolean =>
  Object.values(includedNames(stream)).includes(name);

const column = (path: readonly string[], type: Column['type']): Column => ({ name: path.join('_'), path, type });
