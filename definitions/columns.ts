import type { Column } from './compiled.ts';
import type { StreamDefinition } from './definition.ts';
import { fieldTimes } from './field-times.ts';
import { includedNames } from './mentions.ts';
import { leavesOf } from './flatten.ts';
import { aliasesOf, oldColumns } from './was.ts';
import { fieldAt, columnType, type JsonSchema } from './json-schema.ts';

/**
 * The target's columns: the primary key first, then the schema's top-level fields in their order, then the parent's values
 * that are included and not in the schema. A key inside a nested object (`customer.id`) has a column `customer_id`, and so has each field of an
 * object that is flattened.
 */
export function columnsOf(stream: StreamDefinition, json: JsonSchema): readonly Column[] {
  const key = keyColumnsOf(stream, json);
  const inKey = new Set(key.map(({ path }) => JSON.stringify(path)));
  const isInKey = (path: readonly string[]): boolean => inKey.has(JSON.stringify(path));
  const times = fieldTimes(stream, json);
  const renamed = aliasesOf(stream, json);
  const fields = leavesOf(stream, json).map(({ path, schema }) => {
    const timed = times.get(path.join('.'));
    return timed === undefined
      ? column({ path, type: columnType(schema, json) })
      : column({ path, type: timed.kind, read: timed.read, ...(timed.ofDays === true ? { ofDays: true } : {}) });
  });
  const added = Object.values(includedNames(stream))
    .filter((name) => !isInKey([name]) && fieldAt(json, name) === undefined)
    .map((name) => column({ path: [name], type: 'text' }));
  const all = [...key, ...fields.filter(({ path }) => !isInKey(path)), ...added];
  return renamed.length === 0 ? all : all.map((one) => withWas(one, renamed));
}

/** In the order of the key; a field that the schema lacks is left out (and refused by `checkPartner`). */
export function keyColumnsOf(stream: StreamDefinition, json: JsonSchema): readonly Column[] {
  return stream.primaryKey.flatMap((name) => {
    const field = recordField(stream, json, name);
    return field === undefined ? [] : [column(field)];
  });
}

/** A field of the record as it is checked: of the schema, or the parent's value that was added to it. */
export function recordField(
  stream: StreamDefinition,
  json: JsonSchema,
  name: string,
): Omit<Column, 'name'> | undefined {
  const field = fieldAt(json, name);
  if (field === undefined) return isIncluded(stream, name) ? { path: [name], type: 'text' } : undefined;
  const { path, type } = field;
  const timed = fieldTimes(stream, json).get(name);
  return timed === undefined ? { path, type } : { path, type: timed.kind, read: timed.read };
}

const isIncluded = (stream: StreamDefinition, name: string): boolean =>
  Object.values(includedNames(stream)).includes(name);

function withWas(column: Column, aliases: ReturnType<typeof aliasesOf>): Column {
  const was = oldColumns(column.path, aliases);
  return was.length === 0 ? column : { ...column, was };
}

const column = (field: Omit<Column, 'name'>): Column => ({ name: field.path.join('_'), ...field });
