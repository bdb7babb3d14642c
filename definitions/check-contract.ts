import { z } from 'zod';
import { closest } from './closest.ts';
import { contractOf } from './contract.ts';
import type { StreamDefinition } from './definition.ts';
import { fieldsOf, type JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';

/** Whether the fields of a contract are there, and whether a record can do without those that may change. */
export function checkContract(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  const { fields, columns } = contractOf(stream.onMismatch);
  const known = [...fieldsOf(json, json).keys()];
  const clash = columns === undefined ? undefined : whyNoColumns(stream, json);
  if (clash !== undefined) return [{ path: [...path, 'onMismatch', 'newFields'], says: clash }];
  return Object.entries(fields).flatMap(([name, policy]): Problem[] => {
    const at = [...path, 'onMismatch', 'fields', name];
    if (!known.includes(name) && columns !== undefined) return [];
    if (!known.includes(name)) {
      const near = closest(name, known);
      return [
        {
          path: at,
          says: `expected a field of the schema, found "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}; for fields that no schema names write newFields`,
        },
      ];
    }
    const why = policy === 'evolve' ? neededFor(stream, json, name) : undefined;
    return why === undefined
      ? []
      : [{ path: at, says: `"${name}" ${why}: a record without it cannot land; write quarantine or freeze` }];
  });
}

function neededFor(
  { primaryKey, version, incremental }: StreamDefinition,
  json: JsonSchema,
  name: string,
): string | undefined {
  const isAt = (field: string): boolean => field === name || field.startsWith(`${name}.`);
  if (primaryKey.some(isAt)) return 'is part of the primary key';
  if (version.some(isAt)) return 'is part of the version';
  if (incremental !== undefined && isAt(incremental.field)) return 'is the field of incremental';
  const required = typeof json === 'object' && Array.isArray(json.required) ? (json.required as unknown[]) : [];
  return required.includes(name) ? 'is required by the schema' : undefined;
}

/** What takes new fields away, or is decided by rows of streams whose columns are known only to themselves. */
function whyNoColumns({ transforms, requires, schema }: StreamDefinition, json: JsonSchema): string | undefined {
  if (transforms?.['_extra']?.drop === true)
    return 'columns are made of what the schema does not name, and transforms._extra drops that; leave out one of the two';
  if (requires !== undefined)
    return 'a stream whose records wait for others (requires) cannot make columns by itself; name the fields in the schema';
  return typeof json === 'object' && json['additionalProperties'] === false && !(schema instanceof z.ZodType)
    ? 'the schema says additionalProperties: false, so no record has another field; leave out one of the two'
    : undefined;
}
