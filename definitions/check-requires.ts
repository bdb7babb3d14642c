import { closest } from './closest.ts';
import { missingField } from './check-parents.ts';
import { keyColumnsOf, recordField } from './columns.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import { fieldsOf, type JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import type { FetchNeed } from './fetch-need.ts';
import { parseTemplate, placeholdersIn } from './template.ts';
import { templatesOf } from './templates-of.ts';
import { fieldsBy, type NeedDefinition, type Requires } from './requires.ts';
import { makesColumns } from './contract.ts';
import { usableSchema } from './usable-schema.ts';

type Streams = Partner['streams'];

/** Needs name streams and fields that there are, of types that can be equal. */
export function checkRequires(streams: Streams): readonly Problem[] {
  return Object.entries(streams).flatMap(([name, stream]) =>
    stream.requires === undefined
      ? []
      : [
          ...checkWaits(stream, ['streams', name, 'requires']),
          ...checkNeeded(streams, stream.requires, ['streams', name, 'requires']),
          ...Object.entries(stream.requires).flatMap(([need, definition]) =>
            checkNeed({ streams, stream, definition, path: ['streams', name, 'requires', need] }),
          ),
        ],
  );
}

/** A listing stands for itself as a whole: what of it would wait would be missing from the table that it replaces. */
function checkWaits({ disposition, deletes }: StreamDefinition, path: Path): Problem[] {
  const why =
    disposition === 'replace'
      ? 'a stream with disposition: replace cannot wait, since its listing takes effect as a whole; use merge or append'
      : deletes?.of !== undefined
        ? 'a stream that says what is gone in another one (deletes.of) cannot wait: its deletes take effect when they come'
        : undefined;
  return why === undefined ? [] : [{ path, says: why }];
}

/** What waits for a record is written together with it, by what the definitions say. */
function checkNeeded(streams: Streams, requires: Requires, path: Path): Problem[] {
  return Object.entries(requires).flatMap(([need, { stream }]): Problem[] => {
    const needed = Object.hasOwn(streams, stream) ? streams[stream] : undefined;
    return needed === undefined || !makesColumns({ definition: needed })
      ? []
      : [
          {
            path: [...path, need, 'stream'],
            says: `${stream} makes columns by itself (newFields: columns), and others cannot wait for its records then; name its fields in the schema`,
          },
        ];
  });
}

interface Checked {
  readonly streams: Streams;
  readonly stream: StreamDefinition;
  readonly definition: NeedDefinition;
  readonly path: Path;
}

function checkNeed({ streams, stream, definition, path }: Checked): Problem[] {
  const { stream: wanted, field, fetch } = definition;
  const needed = Object.hasOwn(streams, wanted) ? streams[wanted] : undefined;
  if (needed === undefined) {
    const near = closest(wanted, Object.keys(streams));
    const cure = near === undefined ? `the streams are ${Object.keys(streams).join(', ')}` : `did you mean "${near}"?`;
    return [{ path: [...path, 'stream'], says: `there is no stream "${wanted}"; ${cure}` }];
  }
  if (needed.disposition === 'replace')
    return [
      {
        path: [...path, 'stream'],
        says: `${wanted} has disposition: replace, whose records come and go with each listing; only merge and append can be needed`,
      },
    ];
  const own = usableSchema(stream)?.json;
  const json = usableSchema(needed)?.json;
  if (own === undefined || json === undefined) return [];
  if (field === undefined && needed.primaryKey.length === 0)
    return [{ path: [...path, 'stream'], says: `${wanted} has no primaryKey; name the \`field\` that is meant` }];
  if (field !== undefined && !fieldsOf(json, json).has(field))
    return [{ path: [...path, 'field'], says: missingField(field, json, `the schema of ${wanted}`) }];
  if (field !== undefined && needed.transforms?.[field] !== undefined)
    return [
      {
        path: [...path, 'field'],
        says: `field "${field}" of ${wanted} has a transform, so its column does not hold what came; name another field`,
      },
    ];
  const types =
    field === undefined ? keyColumnsOf(needed, json).map(({ type }) => type) : [recordField(needed, json, field)?.type];
  if (types.some((type) => type === 'json' || type === 'boolean'))
    return [{ path: [...path, 'field'], says: `field "${field}" cannot be looked for; use a text, number or time` }];
  const by = fieldsBy(definition);
  if (by.length !== types.length)
    return [
      {
        path: [...path, 'by'],
        says: `expected ${types.length} ${types.length === 1 ? 'field' : 'fields'}, one for each of ${wanted}'s ${field ?? `primaryKey (${needed.primaryKey.join(', ')})`}, found ${by.length}`,
      },
    ];
  return [
    ...by.flatMap((name, at) => checkBy({ stream, json: own, name, wanted: types[at], of: wanted, path })),
    ...(fetch === undefined ? [] : checkFetch(fetch, { needed, of: wanted, field, path: [...path, 'fetch'] })),
  ];
}

/** Each field that names the record stands somewhere in the request, and nothing else has to be filled in. */
export function checkFetch(
  { path: asked, query }: FetchNeed,
  {
    needed,
    of,
    field,
    path,
  }: {
    readonly needed: StreamDefinition;
    readonly of: string;
    readonly field: string | undefined;
    readonly path: Path;
  },
): Problem[] {
  if (needed.parent?.include !== undefined)
    return [
      {
        path,
        says: `records of ${of} carry a field of their parent (include), which an answer to one of them lacks; leave fetch out, or include`,
      },
    ];
  const fields = field === undefined ? needed.primaryKey : [field];
  const known = fields.map((name) => `{${name}}`).join(', ');
  const mentioned = new Set<string>();
  const problems = templatesOf({ path: asked, query, headers: {} }).flatMap(({ path: at, text, kind }): Problem[] => {
    const template = parseTemplate(text, kind);
    if (template === undefined) return [{ path: [...path, ...at], says: 'a {? is not closed' }];
    return placeholdersIn(template).flatMap(({ name }) => {
      mentioned.add(name);
      return fields.includes(name)
        ? []
        : [{ path: [...path, ...at], says: `nothing fills {${name}} here; a record of ${of} is named by ${known}` }];
    });
  });
  const missing = fields.filter((name) => !mentioned.has(name)).map((name) => `{${name}}`);
  return missing.length === 0 || problems.length > 0
    ? problems
    : [
        {
          path: [...path, 'path'],
          says: `expected ${missing.join(' and ')} in the path or the query: it says which record of ${of} is meant`,
        },
      ];
}

function checkBy({
  stream,
  json,
  name,
  wanted,
  of,
  path,
}: Pick<Checked, 'stream' | 'path'> & {
  readonly json: JsonSchema;
  readonly name: string;
  readonly wanted: string | undefined;
  readonly of: string;
}): Problem[] {
  const at = [...path, 'by'];
  const known = recordField(stream, json, name);
  if (known === undefined) return [{ path: at, says: missingField(name, json, 'the schema') }];
  return known.type === wanted
    ? []
    : [
        {
          path: at,
          says: `field "${name}" is of type ${known.type}, and what it names in ${of} of type ${wanted}: they can never be equal; give both the same type`,
        },
      ];
}
