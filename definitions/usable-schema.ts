import type { StreamDefinition } from './definition.ts';
import { recordSchema, type RecordSchema } from './record-schema.ts';

/** The schema made ready, or undefined when it cannot be: `checkRows` tells why, everyone else looks no further. */
export function usableSchema(stream: Pick<StreamDefinition, 'schema' | 'times'>): RecordSchema | undefined {
  try {
    return recordSchema(stream.schema, stream.times);
  } catch {
    return undefined;
  }
}
