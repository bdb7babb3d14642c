import { z } from 'zod';
import { findPartner } from '../definitions/find.ts';
import { interpolate, type Environment } from '../definitions/interpolate.ts';
import { fieldsOf, type JsonSchema } from '../definitions/json-schema.ts';
import { limits as limitsShape, type Limits } from '../definitions/limits.ts';
import { invalidDefinition } from '../definitions/problem.ts';
import { readDefinition } from '../definitions/read-definition.ts';
import { recordInput } from '../definitions/record-schema.ts';
import { checkShape } from '../definitions/shape.ts';
import { wasOf } from '../definitions/was.ts';
import { literalsOf, templateShown } from './decide/shown-path.ts';

/** What a definition says that the partner documents. Nothing of it came from the environment but limits. */
export interface Documented {
  readonly partner: string;
  readonly limits: Limits;
  /** Path segments that are written out somewhere in the definition. */
  readonly literals: ReadonlySet<string>;
  readonly streams: ReadonlyMap<string, DocumentedStream>;
}

export interface DocumentedStream {
  /** With `{…}` for what is filled in; null: the stream makes its requests itself, or is pushed. */
  readonly path: string | null;
  /** It has a login, and so limits, of its own. */
  readonly ownAuth: boolean;
  /** Top-level fields that it names, and those they were called before. */
  readonly fields: ReadonlySet<string>;
  /** Every name of a field that its schema has anywhere. */
  readonly names: ReadonlySet<string>;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Reads the definition as it is written, so that no secret can be among it: only its limits may name variables. */
export async function readDocumented(name: string, dir: string, env: Environment): Promise<Documented> {
  const file = await findPartner(name, dir);
  const written = mapping((await readDefinition(file)).value);
  const { value, touched, problems } = interpolate({ limits: written['limits'] ?? {} }, env);
  const shaped = problems.length > 0 ? { problems } : checkShape(z.object({ limits: limitsShape }), value, touched);
  if ('problems' in shaped) throw invalidDefinition(file, shaped.problems);
  const streams = Object.entries(mapping(written['streams']));
  return {
    partner: name,
    limits: shaped.value.limits,
    literals: new Set(streams.flatMap(([, stream]) => pathsIn(stream).flatMap(literalsOf))),
    streams: new Map(streams.map(([stream, of]) => [stream, documentedStream(mapping(of))])),
  };
}

function documentedStream(of: Mapping): DocumentedStream {
  const schema = schemaOf(of['schema']);
  const fields = [...fieldsOf(schema, schema)].flatMap(([name, field]) => [name, ...wasOf(field)]);
  const include = mapping(of['parent'])['include'];
  const included = typeof include === 'string' ? [include] : Object.values(mapping(include)).filter(isText);
  return {
    path: isText(of['path']) ? templateShown(of['path']) : null,
    ownAuth: of['auth'] !== undefined,
    fields: new Set([...fields, ...included]),
    names: new Set([...fields, ...included, ...namesIn(schema)]),
  };
}

function schemaOf(written: unknown): JsonSchema {
  try {
    return recordInput(written as Parameters<typeof recordInput>[0]);
  } catch {
    // Such as of a kind that only a check of the definition can explain.
    return true;
  }
}

/** Names under `properties`, however deep. */
function namesIn(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(namesIn);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, inner]) => [
    ...(key === 'properties' ? Object.keys(mapping(inner)) : []),
    ...namesIn(inner),
  ]);
}

/** What is sent in a request, or says what records look like, has no paths of the API. */
const others = new Set(['schema', 'headers', 'query', 'body', 'form', 'text', 'graphql', 'auth']);

function pathsIn(written: unknown): readonly string[] {
  if (isText(written)) return written.startsWith('/') ? [written] : [];
  return Object.entries(mapping(written)).flatMap(([key, inner]) => (others.has(key) ? [] : pathsIn(inner)));
}

const isText = (value: unknown): value is string => typeof value === 'string';

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
