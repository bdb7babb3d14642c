import { z } from 'zod';
import { bareCopy, hasInherited, withAliases } from './bare-copy.ts';
import { withDateTime } from './date-time.ts';
import { fieldTimes, type TimedField } from './field-times.ts';
import { fieldsOf, columnType, withAnythingAt, type JsonSchema } from './json-schema.ts';
import { quickCheck } from './quick-check.ts';
import type { StreamDefinition } from './definition.ts';

/** The schema of a stream's records, ready to check records and to derive columns from. */
export interface RecordSchema {
  /** Checks a record; keeps unknown top-level fields unless the schema forbids them. */
  readonly zod: z.ZodType;
  /** What zod makes of a record is the record itself. */
  readonly keeps: boolean;
  /** What is shown to zod in place of the record; undefined: the record. */
  readonly bare: ((record: unknown) => unknown) | undefined;
  /** Tells most records that fit without a copy of each; see there. */
  readonly quick: ((record: unknown) => boolean) | undefined;
  /** What a checked record looks like. */
  readonly json: JsonSchema;
  /** Top-level fields that take a number: such a number may come as a text of digits, to stay exact. */
  readonly numbers: readonly { readonly name: string; readonly whole: boolean }[];
  /** Fields inside objects whose times are written in a way of their own: those of columns are read with their columns. */
  readonly times: readonly TimedField[];
}

/** Throws an Error that names the keyword when the schema cannot be used; `schemaProblems` finds most of that before. */
export function recordSchema(schema: StreamDefinition['schema'], times?: StreamDefinition['times']): RecordSchema {
  if (!(schema instanceof z.ZodType)) {
    const json = schema as JsonSchema;
    const timed = [...fieldTimes({ schema, times }, json).values()];
    const checked = timed.reduce((at, { path }) => withAnythingAt(at, path) ?? at, json);
    const inherits = hasInherited(checked);
    return {
      zod: fromJson(inherits ? withAliases(checked) : checked),
      keeps: true,
      bare: inherits ? bareCopy : undefined,
      quick: quickCheck(checked),
      json,
      numbers: numbersOf(checked),
      times: timed.filter(({ path }) => path.length > 1),
    };
  }
  const json = toJson(schema, 'output');
  return {
    zod: loose(schema),
    keeps: false,
    bare: hasInherited(json) ? bareCopy : undefined,
    quick: undefined,
    json,
    numbers: numbersOf(toJson(schema, 'input')),
    times: [...fieldTimes({ schema, times }, json).values()].filter(({ path }) => path.length > 1),
  };
}

/** What a record may look like as it comes, before transforms. */
export const recordInput = (schema: StreamDefinition['schema']): JsonSchema =>
  schema instanceof z.ZodType ? toJson(schema, 'input') : schema;

/** zod's check of a JSON Schema, by itself. */
export function fromJson(json: JsonSchema): z.ZodType {
  const draft7 = typeof json === 'object' && 'definitions' in json && !('$defs' in json);
  return z.fromJSONSchema(forZod(json) as Parameters<typeof z.fromJSONSchema>[0], {
    defaultTarget: draft7 ? 'draft-7' : 'draft-2020-12',
    registry: z.registry(),
  });
}

/**
 * `default` is an annotation (JSON Schema validation §9.2), but zod would fill it in: a record must stay what the partner
 * sent. A field named `default` is a member of `properties` and stays. `$schema` goes, since zod would prefer it to ours.
 */
function forZod(value: unknown, isSchema = true): unknown {
  if (Array.isArray(value)) return value.map((item) => forZod(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(isSchema ? withDateTime(value as JsonSchema) : value)
      .filter(([key]) => !isSchema || (key !== 'default' && key !== '$schema'))
      .map(([key, inner]) =>
        isSchema && (key === 'const' || key === 'enum')
          ? [key, inner]
          : [key, forZod(inner, !(isSchema && mapsOfSchemas.has(key)))],
      ),
  );
}

const mapsOfSchemas = new Set(['properties', 'patternProperties', '$defs', 'definitions']);

/** A plain `z.object` drops what it does not know, and that would be lost to the extra column. */
function loose(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.loose() : schema;
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDate) Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
      // JSON cannot write a bigint, so neither the event log nor a column could take it.
      if (zodSchema instanceof z.ZodBigInt && io === 'output')
        throw new Error(
          'z.bigint() cannot be stored; use z.int(), which also takes digits as text and keeps them exact',
        );
    },
  }) as JsonSchema;
}

function numbersOf(json: JsonSchema): RecordSchema['numbers'] {
  return [...fieldsOf(json, json)].flatMap(([name, field]) => {
    const type = columnType(field, json);
    return type === 'integer' || type === 'number' ? [{ name, whole: type === 'integer' }] : [];
  });
}
