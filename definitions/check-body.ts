import { setInBody } from './body-path.ts';
import type { StreamDefinition } from './definition.ts';
import { OPTIONAL } from './map-texts.ts';
import { cursorParameter } from './mentions.ts';
import type { Path, Problem } from './problem.ts';

/** Whether a stream's request can have the body that it describes, and the parameters find their places in it. */
export function checkBody(stream: StreamDefinition, path: Path): readonly Problem[] {
  return [
    ...checkKinds(stream, path),
    ...checkMethod(stream, path),
    ...checkPlacesInBody(stream, path),
    ...checkNames(stream, path),
    ...checkUnfilled(stream, path),
    ...checkOptional(stream, path),
  ];
}

/** A parameter that a stream sends beside what stands in its templates. */
interface Sent {
  /** Where `as` stands. */
  readonly at: Path;
  readonly as: string;
  readonly in: 'query' | 'header' | 'body';
}

const kinds = ['body', 'form', 'text', 'graphql'] as const;

function checkKinds(stream: StreamDefinition, path: Path): Problem[] {
  const given = kinds.filter((kind) => stream[kind] !== undefined);
  const problems = given
    .slice(1)
    .map((kind) => ({ path: [...path, kind], says: `a request has one body; leave out ${given[0]} or ${kind}` }));
  if (stream.text !== undefined && stream.contentType === undefined)
    problems.push({ path: [...path, 'contentType'], says: 'missing; the type of text, such as text/xml' });
  if (stream.text === undefined && stream.contentType !== undefined)
    problems.push({
      path: [...path, 'contentType'],
      says: 'only with text; write it under headers to replace that of another body',
    });
  return problems;
}

/** Everything that can go into a body needs a request that has one. */
function checkMethod(stream: StreamDefinition, path: Path): Problem[] {
  if (stream.method !== 'GET') return [];
  const bodies = kinds.filter((kind) => stream[kind] !== undefined).map((kind): Path => [kind]);
  const places = sentBy(stream)
    .filter((sent) => sent.in === 'body')
    .map(({ at }): Path => [...at.slice(0, -1), 'in']);
  return [...bodies, ...places].map((at) => ({
    path: [...path, ...at],
    says: 'a GET request has no body; write method: POST, or use query or header',
  }));
}

function checkPlacesInBody(stream: StreamDefinition, path: Path): Problem[] {
  const inBody = sentBy(stream).filter((sent) => sent.in === 'body');
  if (stream.text !== undefined)
    return inBody.map(({ at }) => ({
      path: [...path, ...at.slice(0, -1), 'in'],
      says: 'nothing can be added to a text; write {start}, {cursor} and so on where they belong in it',
    }));
  if (stream.form !== undefined) return [];
  const problems: Problem[] = [];
  let body: Readonly<Record<string, unknown>> =
    stream.graphql === undefined ? (stream.body ?? {}) : { ...stream.graphql };
  for (const { at, as } of inBody) {
    if (stream.graphql !== undefined && !as.startsWith('variables.')) {
      problems.push({ path: [...path, ...at], says: `expected a variable of the query, such as variables.${as}` });
      continue;
    }
    const set = setInBody(body, as, 0);
    if ('says' in set) problems.push({ path: [...path, ...at], says: `"${as}" has no place in the body: ${set.says}` });
    else ({ body } = set);
  }
  return problems;
}

/** Of two parameters with one name only the second would be sent. */
function checkNames(stream: StreamDefinition, path: Path): Problem[] {
  const seen = new Map<string, Path>();
  return sentBy(stream).flatMap(({ at, as, in: place }) => {
    const key = `${place} ${place === 'header' ? as.toLowerCase() : as}`;
    const other = seen.get(key);
    seen.set(key, other ?? at);
    if (other === undefined) return [];
    return [{ path: [...path, ...at], says: `"${as}" is already sent by ${other.join('.')}; give each its own name` }];
  });
}

/** Placeholders are filled in values: not in names, and not where YAML reads braces as a mapping. */
function checkUnfilled({ query, headers, body, form, graphql }: StreamDefinition, path: Path): Problem[] {
  const walk = (value: unknown, at: Path): Problem[] => {
    if (typeof value !== 'object' || value === null) return [];
    const entries = Object.entries(value);
    const [[name, inner] = ['', 0]] = entries;
    if (entries.length === 1 && inner === null && new RegExp(`^${NAMES}$`).test(name))
      return [{ path: at, says: `YAML reads {${name}} as a mapping; write it in quotes: '{${name}}'` }];
    return entries.flatMap(([key, item]) => [
      ...(!Array.isArray(value) && new RegExp(`\\{${NAMES}\\}`).test(key)
        ? [{ path: [...at, key], says: 'a name is sent as it is; placeholders are filled in values only' }]
        : []),
      ...walk(item, [...at, key]),
    ]);
  };
  const variables = graphql?.variables;
  return Object.entries({ query, headers, body, form })
    .flatMap(([name, value]) => walk(value, [...path, name]))
    .concat(walk(variables, [...path, 'graphql', 'variables']));
}

/** What `{?}` stands for has to be a member or an item, and to hold something that may lack a value. */
function checkOptional({ body, graphql }: StreamDefinition, path: Path): Problem[] {
  const walk = (value: unknown, at: Path, isRoot: boolean): Problem[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      const place = [...at, key];
      const says = key === OPTIONAL ? optionalProblem(value, item, isRoot) : undefined;
      return [...(says === undefined ? [] : [{ path: place, says }]), ...walk(item, place, false)];
    });
  };
  return [...walk(body, [...path, 'body'], true), ...walk(graphql?.variables, [...path, 'graphql', 'variables'], true)];
}

function optionalProblem(around: object, inner: unknown, isRoot: boolean): string | undefined {
  if (isRoot) return `the whole body cannot be left out; write ${OPTIONAL} within a member`;
  if (Object.keys(around).length > 1)
    return `an object with ${OPTIONAL} has no other member: it stands for what is in it`;
  return new RegExp(`\\{${NAMES}\\}`).test(JSON.stringify(inner))
    ? undefined
    : `nothing in ${OPTIONAL} could lack a value; write what is in it without ${OPTIONAL}`;
}

const NAMES = '(start|end|cursor|limit|parent\\.[^{}]+)([:|][^{}]*)?';

function sentBy(stream: StreamDefinition): readonly Sent[] {
  const { parent, incremental, pagination, pageSize } = stream;
  const sent: { readonly at: Path; readonly as: string | undefined; readonly in: string }[] = [];
  if (parent !== undefined) sent.push({ at: ['parent', 'as'], as: parent.as, in: parent.in });
  if (incremental?.start !== undefined) sent.push({ at: ['incremental', 'start', 'as'], ...incremental.start });
  if (incremental?.end !== undefined) sent.push({ at: ['incremental', 'end', 'as'], ...incremental.end });
  if ('in' in pagination) {
    const { in: place } = pagination;
    sent.push({ at: ['pagination', 'as'], as: cursorParameter(stream), in: place });
    if (pagination.type === 'offset') sent.push({ at: ['pagination', 'limitAs'], as: pagination.limitAs, in: place });
    if (pagination.type === 'page') sent.push({ at: ['pagination', 'sizeAs'], as: pagination.sizeAs, in: place });
  }
  if (pageSize !== undefined) sent.push({ at: ['pageSize', 'as'], as: pageSize.as, in: pageSize.in });
  return sent.filter((one): one is Sent => one.as !== undefined && one.in !== 'path');
}
