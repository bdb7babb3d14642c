import type { CompiledNeed, CompiledOffer, CompiledStream, Relations } from './compiled.ts';
import { recordField } from './columns.ts';
import type { Partner } from './definition.ts';
import { fieldsBy } from './requires.ts';
import { usableSchema } from './usable-schema.ts';

/** What of a stream is compiled already. */
interface Compiled extends Pick<CompiledStream, 'name' | 'columns' | 'keyColumns'> {
  readonly compile: (stream: string) => CompiledStream;
}

/** undefined: the stream needs nothing, and nothing needs it. */
export function relationsOf(partner: Partner, compiled: Compiled): Relations | undefined {
  const { name, compile } = compiled;
  const needs = needsOf(partner, name);
  const offers = offersOf(partner, compiled);
  if (needs.length === 0 && offers.length === 0) return undefined;
  const known = new Map<string, CompiledStream>();
  return {
    needs,
    offers,
    dependents: dependentsOf(partner, name),
    has: (other) => Object.hasOwn(partner.streams, other),
    stream: (other) => {
      const made = known.get(other) ?? compile(other);
      known.set(other, made);
      return made;
    },
  };
}

/** Whether records of the stream may wait for what the partner is asked for. */
export const fetchesNeeds = ({ relations }: Pick<CompiledStream, 'relations'>): boolean =>
  relations?.needs.some(({ fetch }) => fetch !== undefined) === true;

function needsOf({ streams }: Partner, name: string): readonly CompiledNeed[] {
  const stream = streams[name];
  const json = stream?.requires === undefined ? undefined : usableSchema(stream)?.json;
  if (stream?.requires === undefined || json === undefined) return [];
  return Object.entries(stream.requires).map(([need, definition]) => ({
    name: need,
    stream: definition.stream,
    field: definition.field ?? '',
    by: fieldsBy(definition).flatMap((field) => recordField(stream, json, field) ?? []),
    optional: definition.optional,
    withinMs: definition.within,
    ...(definition.fetch === undefined
      ? {}
      : {
          fetch: {
            definition: definition.fetch,
            fields:
              definition.field === undefined ? (streams[definition.stream]?.primaryKey ?? []) : [definition.field],
          },
        }),
  }));
}

function offersOf({ streams }: Partner, { name, columns, keyColumns }: Compiled): readonly CompiledOffer[] {
  const fields = new Set<string>();
  for (const { requires = {} } of Object.values(streams))
    for (const need of Object.values(requires)) if (need.stream === name) fields.add(need.field ?? '');
  return [...fields].map((field) => ({
    field,
    columns: field === '' ? keyColumns : columns.filter((column) => column.name === field),
  }));
}

function dependentsOf({ streams }: Partner, name: string): readonly string[] {
  const found = new Set<string>();
  const queue = [name];
  for (const at of queue)
    for (const [other, { requires = {} }] of Object.entries(streams))
      if (!found.has(other) && Object.values(requires).some(({ stream }) => stream === at)) {
        found.add(other);
        queue.push(other);
      }
  return [...found];
}
