import { z } from 'zod';
import { explain } from '../core/errors.ts';
import { missingField } from './check-parents.ts';
import { checkChildren } from './check-children.ts';
import { checkColumns } from './check-columns.ts';
import { checkContract } from './check-contract.ts';
import { checkHistory } from './check-history.ts';
import { checkRenames } from './check-renames.ts';
import { checkTimes } from './check-times.ts';
import { recordField } from './columns.ts';
import type { ColumnType } from './compiled.ts';
import type { StreamDefinition } from './definition.ts';
import { columnType, fieldAt, type JsonSchema } from './json-schema.ts';
import { includedNames } from './mentions.ts';
import { jsonSchemaProblems } from './json-schema-problems.ts';
import type { Path, Problem } from './problem.ts';
import { shapeOf } from './records.ts';
import { recordSchema } from './record-schema.ts';

/** Whether the schema can be used, has the fields that the stream relies on, and makes a table. */
export function checkRows(stream: StreamDefinition, path: Path): readonly Problem[] {
  const schemaPath = [...path, 'schema'];
  const traps = stream.schema instanceof z.ZodType ? [] : jsonSchemaProblems(stream.schema, schemaPath);
  if (traps.length > 0) return [...traps, ...checkKeyIsThere(stream, path)];
  let json: JsonSchema;
  try {
    json = recordSchema(stream.schema, stream.times).json;
  } catch (error) {
    return [{ path: schemaPath, says: `this schema cannot be used: ${explain(error)}` }];
  }
  return [
    ...checkIsObject(json, schemaPath),
    ...checkTimes(stream, json, path),
    ...checkKeyIsThere(stream, path),
    ...stream.primaryKey.flatMap((name, index) =>
      checkField({
        stream,
        json,
        name,
        path: [...path, 'primaryKey', index],
        refused: ['json', 'boolean'],
        use: 'a primary key',
      }),
    ),
    ...stream.version.flatMap((name, index) =>
      checkField({
        stream,
        json,
        name,
        path: [...path, 'version', index],
        refused: ['json', 'boolean'],
        use: 'a version',
      }),
    ),
    ...(stream.incremental === undefined
      ? []
      : checkField({
          stream,
          json,
          name: stream.incremental.field,
          path: [...path, 'incremental', 'field'],
          refused: ['json', 'boolean'],
          use: 'a field that moves forward',
        })),
    ...checkKeyset(stream, json, path),
    ...checkInclude(stream, json, path),
    ...checkColumns(stream, json, path),
    ...checkRenames(stream, json, path),
    ...checkChildren(stream, json, path),
    ...checkHistory(stream, json, path),
    ...checkContract(stream, json, path),
  ];
}

/** An object by its properties or its type; everything else would become one JSON column at best. */
function checkIsObject(json: JsonSchema, path: Path): Problem[] {
  const types = typeof json === 'object' && 'type' in json ? [json.type].flat() : [];
  if (types.length === 1 && types[0] === 'object') return [];
  if (types.length === 0 && columnType(json, json) === 'json' && typeof json === 'object' && hasBranches(json))
    return [];
  return [{ path, says: 'a record is an object; write type: object, and its fields under properties' }];
}

const hasBranches = (json: { readonly [keyword: string]: unknown }): boolean =>
  ['$ref', 'allOf', 'anyOf', 'oneOf'].some((keyword) => keyword in json);

function checkKeyIsThere({ primaryKey, disposition }: StreamDefinition, path: Path): Problem[] {
  return disposition === 'merge' && primaryKey.length === 0
    ? [
        {
          path: [...path, 'primaryKey'],
          says: 'missing; disposition: merge needs one (only append and replace do without)',
        },
      ]
    : [];
}

function checkField(field: {
  readonly stream: StreamDefinition;
  readonly json: JsonSchema;
  readonly name: string;
  readonly path: Path;
  readonly refused: readonly ColumnType[];
  readonly use: string;
}): Problem[] {
  const known = recordField(field.stream, field.json, field.name);
  if (known === undefined) return [{ path: field.path, says: missingField(field.name, field.json, 'the schema') }];
  return field.refused.includes(known.type)
    ? [
        {
          path: field.path,
          says: `field "${field.name}" is of type ${known.type}, which cannot be ${field.use}; use a text, number or time`,
        },
      ]
    : [];
}

function checkKeyset({ pagination, records }: StreamDefinition, json: JsonSchema, path: Path): Problem[] {
  // What is exploded has other fields than what the listing lists.
  if (pagination.type !== 'keyset' || shapeOf(records).explode !== undefined) return [];
  const at = [...path, 'pagination', 'field'];
  const known = fieldAt(json, pagination.field);
  if (known === undefined) return [{ path: at, says: missingField(pagination.field, json, 'the schema') }];
  if (known.path.length > 1) return [{ path: at, says: 'expected a top-level field of the record' }];
  return known.type === 'json' || known.type === 'boolean'
    ? [
        {
          path: at,
          says: `field "${pagination.field}" is of type ${known.type}, which cannot be sent back as a position`,
        },
      ]
    : [];
}

function checkInclude(stream: StreamDefinition, json: JsonSchema, path: Path): Problem[] {
  if (typeof json === 'boolean' || json.additionalProperties !== false) return [];
  return Object.values(includedNames(stream))
    .filter((name) => fieldAt(json, name) === undefined)
    .map((name) => ({
      path: [...path, 'parent', 'include'],
      says: `the schema allows no further fields; add "${name}" to its properties`,
    }));
}
