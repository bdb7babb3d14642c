import { InvalidInput } from '../core/errors.ts';
import type { SchemaNames } from '../core/schema-names.ts';
import { closest } from './closest.ts';
import { childTables } from './children.ts';
import { compileTransforms } from './compile-transforms.ts';
import { columnsOf, keyColumnsOf, recordField } from './columns.ts';
import type { CompiledStream } from './compiled.ts';
import type { Partner } from './definition.ts';
import { flattenedNames } from './flatten.ts';
import { deleteTest } from './is-delete.ts';
import { definitionVersion } from './definition-version.ts';
import { historyIn } from './history.ts';
import { targetsOf } from './named-targets.ts';
import { recordParser } from './parse-record.ts';
import { recordSchema } from './record-schema.ts';
import { relationsOf } from './relations.ts';
import { compileRules } from './rules.ts';
import { aliasesIn } from './was.ts';
import { streamPartner } from './stream-partner.ts';

/** Works out, once, all that pulling a stream needs. Expects a partner that `checkPartner` found nothing wrong with. */
export function compileStream(
  partner: Partner,
  streamName: string,
  names: Pick<SchemaNames, 'targetSchema'>,
): CompiledStream {
  const definition = Object.hasOwn(partner.streams, streamName) ? partner.streams[streamName] : undefined;
  if (definition === undefined) throw unknownStream(partner, streamName);
  const checked = recordSchema(definition.schema, definition.times);
  const sources = columnsOf(definition, checked.json);
  const flattened = flattenedNames(definition, checked.json);
  const { transforms = {}, incremental, version } = definition;
  const plain = Object.keys(transforms).length === 0;
  const made = plain
    ? { columns: sources }
    : compileTransforms(transforms, {
        sources,
        json: checked.json,
        eventField: incremental?.field ?? version[0],
      });
  const keys = keyColumnsOf(definition, checked.json);
  // A key keeps its values; its columns may have other names.
  const keyColumns = plain ? keys : made.columns.slice(0, keys.length);
  return {
    partner: streamPartner(partner, streamName),
    name: streamName,
    definition,
    schema: names.targetSchema(partner.name),
    table: definition.table ?? streamName,
    targets: targetsOf(partner, streamName),
    ...made,
    known: new Set([
      ...sources.filter((column) => column.path.length === 1).map((column) => column.name),
      ...(flattened?.keys() ?? []),
    ]),
    flattened,
    ...(definition.children === undefined
      ? {}
      : {
          children: childTables(definition, checked.json, {
            table: definition.table ?? streamName,
            columns: made.columns,
          }),
        }),
    aliases: aliasesIn(definition, checked.json),
    keyColumns,
    history: historyIn(definition, streamName),
    keep: definition.keep ?? partner.keep,
    version: version.flatMap((name) => recordField(definition, checked.json, name) ?? []),
    definitionVersion: definitionVersion(partner, definition, {
      json: checked.json,
      transforms: 'transform' in made ? made.transform.stamp : undefined,
    }),
    isDelete: deleteTest(definition),
    deletesIn: definition.deletes?.of === undefined ? undefined : compileStream(partner, definition.deletes.of, names),
    parse: recordParser(checked, keyColumns),
    rules: compileRules(definition, made.columns),
    relations: relationsOf(partner, {
      name: streamName,
      columns: made.columns,
      keyColumns,
      compile: (other) => compileStream(partner, other, names),
    }),
  };
}

export function compilePartner(
  partner: Partner,
  names: Pick<SchemaNames, 'targetSchema'>,
): ReadonlyMap<string, CompiledStream> {
  return new Map(Object.keys(partner.streams).map((name) => [name, compileStream(partner, name, names)]));
}

function unknownStream(partner: Partner, name: string): InvalidInput {
  const streams = Object.keys(partner.streams);
  const near = closest(name, streams);
  const cure = near === undefined ? `its streams are ${streams.join(', ')}` : `did you mean "${near}"?`;
  return new InvalidInput(`partner ${partner.name} has no stream ${JSON.stringify(name)}; ${cure}`, {
    at: { partner: partner.name },
  });
}
