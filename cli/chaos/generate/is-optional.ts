import { fieldsOf, type JsonSchema } from '../../../definitions/json-schema.ts';

/** Whether a record may lack the field, which stands at its top. */
export function isOptional(schema: JsonSchema, name: string): boolean {
  const required: unknown = typeof schema === 'boolean' ? [] : schema['required'];
  return fieldsOf(schema, schema).has(name) && !(Array.isArray(required) && required.includes(name));
}
