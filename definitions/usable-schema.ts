import type { StreamDefinition } from './definition.ts';
import { recordSchema, type RecordSchema } from './record-schema.ts';

/** The schema made ready, or undefined when it cannot be: `checkRows` tells why, everyone else looks no further. */
export function usableSchema(schema: StreamDefinition['schema']): RecordSchema | undefined {
  try {
    return recordSchema(schema);
  } catch {
    return undefined;
  }
}
