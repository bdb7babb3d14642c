import { Document, isCollection, isMap } from 'yaml';
import type { z } from 'zod';
import { ownField } from '../core/inherited.ts';
import { valueAt } from '../core/json.ts';
import { checkColumns } from './check-columns.ts';
import type { StreamDefinition } from './definition.ts';
import { fromJson } from './record-schema.ts';

interface ObjectSchema {
  readonly type: 'object';
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, FieldSchema>>;
}

type FieldSchema =
  | Readonly<Record<string, never>>
  | { readonly type: string | readonly [string, 'null']; readonly format?: string }
  | ObjectSchema;

/** From the narrowest; a field gets the first that takes all its values. */
const candidates = [
  { type: 'boolean' },
  { type: 'integer' },
  { type: 'number' },
  { type: 'string', format: 'date-time' },
  { type: 'string', format: 'date' },
  { type: 'string' },
  { type: 'array' },
  { type: 'object' },
] as const;
const checks = candidates.map((schema) => ({ schema, zod: fromJson(schema) }));

/**
 * A schema that all these records fit, with a column for each field that can have one: something to begin with. Required is
 * only what the stream relies on: what a page of records has, the next one may lack.
 */
export function suggestSchema(stream: StreamDefinition, records: readonly unknown[]): ObjectSchema {
  const objects = records.filter(isObject);
  const fields = Object.fromEntries(
    [...new Set(objects.flatMap((record) => Object.keys(record)))].map((name) => [
      name,
      timed(stream, name, fieldOf(objects.map((record) => ownField(record, name)))),
    ]),
  );
  const properties = isTable(stream, fields) ? fields : withoutTroubles(stream, fields);
  const relied = [...new Set([...stream.primaryKey, ...stream.version, stream.incremental?.field ?? []].flat())];
  const inside = relied.filter((name) => !Object.hasOwn(properties, name) && name.includes('.'));
  for (const name of inside) addInside(properties, name.split('.'), objects);
  const required = relied
    .map((name) => (inside.includes(name) ? (name.split('.')[0] as string) : name))
    .filter((name) => objects.every((record) => (ownField(record, name) ?? null) !== null));
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required: [...new Set(required)] }),
    properties,
  };
}

/** What the definition reads as a time is one, however it is written. */
function timed(stream: StreamDefinition, name: string, field: FieldSchema): FieldSchema {
  if (!Object.hasOwn(stream.times ?? {}, name) || !('type' in field)) return field;
  return [field.type].flat().includes('string') ? { format: 'date-time', ...field, type: field.type } : field;
}

const withoutZone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?$/;

/** Fields that have times which do not say their zone, and of which the definition does not say it either. */
export function zonelessFields(stream: StreamDefinition, records: readonly unknown[]): readonly string[] {
  const texts = new Map<string, boolean>();
  for (const [name, value] of records.filter(isObject).flatMap((record) => Object.entries(record)))
    if (value !== null && value !== '')
      texts.set(name, texts.get(name) !== false && typeof value === 'string' && withoutZone.test(value));
  return [...texts].flatMap(([name, are]) => (are && !Object.hasOwn(stream.times ?? {}, name) ? [name] : []));
}

type Fields = Record<string, FieldSchema>;

const isTable = (stream: StreamDefinition, properties: Fields): boolean =>
  checkColumns({ ...stream, primaryKey: [] }, { type: 'object', properties }, []).length === 0;

/** Those that can be columns side by side, from the first. */
function withoutTroubles(stream: StreamDefinition, fields: Fields): Fields {
  let kept: Fields = {};
  for (const [name, field] of Object.entries(fields)) {
    const more = { ...kept, [name]: field };
    if (isTable(stream, more)) kept = more;
  }
  return kept;
}

/** As it stands in a definition. */
export function schemaYaml(schema: ObjectSchema): string {
  const document = new Document({ schema }, { aliasDuplicateObjects: false });
  const fields = document.getIn(['schema', 'properties'], true);
  const lists = [document.getIn(['schema', 'required'], true), ...(isMap(fields) ? fields.items : [])];
  for (const each of lists) {
    const node = isCollection(each) ? each : (each as { value?: unknown } | undefined)?.value;
    if (isCollection(node)) node.flow = true;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldOf(values: readonly unknown[]): FieldSchema {
  const given = values.filter((value) => value !== undefined && value !== null);
  if (given.length === 0) return {};
  // Digits that no double holds were made a text to stay exact.
  const numeric = given.some((value) => typeof value === 'number');
  const looked = numeric ? given.map((value) => (isLongNumber(value) ? Number(value) : value)) : given;
  const whole =
    numeric &&
    given.every((value) => Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,18}$/.test(value)));
  const fits = (zod: z.ZodType): boolean => looked.every((value) => zod.safeParse(value).success);
  const schema = whole ? candidates[1] : checks.find(({ zod }) => fits(zod))?.schema;
  if (schema === undefined) return {};
  return values.includes(null) ? { ...schema, type: [schema.type, 'null'] } : schema;
}

const isLongNumber = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 15 && /^-?\d+(\.\d+)?$/.test(value);

/** A key or version inside nested objects needs its field described there. */
function addInside(
  properties: Record<string, FieldSchema>,
  [first, ...rest]: readonly string[],
  objects: readonly Readonly<Record<string, unknown>>[],
): void {
  if (first === undefined || !objects.every((record) => isObject(ownField(record, first)))) return;
  const known = Object.hasOwn(properties, first) ? properties[first] : undefined;
  const inner: Record<string, FieldSchema> = {
    ...(known !== undefined && 'properties' in known ? known.properties : {}),
  };
  const within = objects.map((record) => ownField(record, first) as Readonly<Record<string, unknown>>);
  const [name] = rest;
  if (name === undefined) return;
  if (rest.length === 1) put(inner, name, fieldOf(within.map((record) => valueAt(record, [name]))));
  else addInside(inner, rest, within);
  put(properties, first, { type: 'object', properties: inner });
}

/** An assignment to `__proto__` would be none of a field. */
const put = (fields: Record<string, FieldSchema>, name: string, value: FieldSchema): void =>
  void Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true });
