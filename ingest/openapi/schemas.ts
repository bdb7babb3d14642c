import { z } from 'zod';
import type { JsonSchema } from '../../definitions/json-schema.ts';
import type { Schema } from './openapi.ts';

/** The JSON Schema of an answer, from the zod schema that it is checked by. A format alone says as much as zod's pattern beside it. */
export function answerSchema(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'output',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return json;
}

export const componentAt = (name: string): string => `#/components/schemas/${name}`;

/** A record's schema as a component: a `$ref` into the schema itself is one into the document. */
export function recordComponent(schema: JsonSchema, name: string): Schema {
  return schema === true ? {} : schema === false ? { not: {} } : (moved(schema, name) as Schema);
}

const mapsOfSchemas = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const values = new Set(['const', 'enum', 'default', 'examples', 'required']);

function moved(value: unknown, name: string, isSchema = true): unknown {
  if (Array.isArray(value)) return value.map((each) => moved(each, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !isSchema || (key !== '$schema' && key !== '$id'))
      .map(([key, inner]) => {
        if (isSchema && values.has(key)) return [key, inner];
        if (isSchema && key === '$ref' && typeof inner === 'string' && inner.startsWith('#'))
          return [key, `${componentAt(name)}${inner.slice(1)}`];
        return [key, moved(inner, name, !(isSchema && mapsOfSchemas.has(key)))];
      }),
  );
}
