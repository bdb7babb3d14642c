import type { StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';

/** Whether the requests that a stream describes can be built, and read what they promise. */
export function checkRequest(stream: StreamDefinition, path: Path): readonly Problem[] {
  return [
    ...checkSource(stream, path),
    ...checkPlaceholders(stream, path),
    ...checkPlaces(stream, path),
    ...checkParent(stream, path),
    ...checkIncremental(stream, path),
    ...checkPageSize(stream, path),
    ...(stream.conditional && stream.method === 'POST'
      ? [
          {
            path: [...path, 'conditional'],
            says: 'only for method: GET: a POST has no validators (RFC 9110 §13); leave it out',
          },
        ]
      : []),
  ];
}

/** A source makes the requests and reads the answers, so nothing else may say how that is done. */
function checkSource(stream: StreamDefinition, path: Path): Problem[] {
  if (stream.source === undefined)
    return stream.path === undefined
      ? [{ path: [...path, 'path'], says: "missing; the endpoint's path behind baseUrl" }]
      : [];
  const told: Readonly<Record<string, boolean>> = {
    path: stream.path !== undefined,
    body: stream.body !== undefined,
    query: Object.keys(stream.query).length > 0,
    pagination: stream.pagination.type !== 'none',
    pageSize: stream.pageSize !== undefined,
  };
  return Object.keys(told)
    .filter((name) => told[name])
    .map((name) => ({
      path: [...path, name],
      says: 'the stream has a source, which says how it is read; leave one of the two out',
    }));
}

function checkPlaceholders({ path: template = '', parent, source }: StreamDefinition, path: Path): Problem[] {
  const expected = parent?.in === 'path' ? parent.as : undefined;
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] as string);
  const problems = names
    .filter((name) => name !== expected)
    .map((name) => ({
      path: [...path, 'path'],
      says:
        expected === undefined
          ? `nothing fills {${name}}; add parent: { stream: …, field: …, as: ${name} }`
          : `nothing fills {${name}}; the parent's value is called {${expected}}`,
    }));
  if (expected !== undefined && source === undefined && !names.includes(expected))
    problems.push({
      path: [...path, 'parent', 'as'],
      says: `{${expected}} is not in the path; write it there, or say where the value goes with in: query, header or body`,
    });
  return problems;
}

/** Everything that can go into a body needs a request that has one. */
function checkPlaces(stream: StreamDefinition, path: Path): Problem[] {
  if (stream.method === 'POST') return [];
  const { pagination, incremental, parent } = stream;
  const inBody: Path[] = [];
  if (stream.body !== undefined) inBody.push(['body']);
  if ('in' in pagination && pagination.in === 'body') inBody.push(['pagination', 'in']);
  if (incremental?.start.in === 'body') inBody.push(['incremental', 'start', 'in']);
  if (incremental?.end?.in === 'body') inBody.push(['incremental', 'end', 'in']);
  if (stream.pageSize?.in === 'body') inBody.push(['pageSize', 'in']);
  if (parent?.in === 'body') inBody.push(['parent', 'in']);
  return inBody.map((at) => ({
    path: [...path, ...at],
    says: 'a GET request has no body; write method: POST, or use query or header',
  }));
}

/** Two sizes would contradict each other, and pagination counts by its own. */
function checkPageSize({ pageSize, pagination }: StreamDefinition, path: Path): Problem[] {
  if (pageSize === undefined || (pagination.type !== 'offset' && pagination.type !== 'page')) return [];
  const own = pagination.type === 'offset' ? 'limit' : 'size';
  return [
    {
      path: [...path, 'pageSize'],
      says: `pagination of type ${pagination.type} has its ${own}; write ${own} and ${own}As there, and leave pageSize out`,
    },
  ];
}

function checkParent({ parent }: StreamDefinition, path: Path): Problem[] {
  return parent?.include !== undefined && parent.batch > 1
    ? [
        {
          path: [...path, 'parent', 'include'],
          says: 'only with batch: 1: of several parents nobody can tell which one a record belongs to',
        },
      ]
    : [];
}

function checkIncremental(stream: StreamDefinition, path: Path): Problem[] {
  const { incremental, slice, disposition, fullListing, primaryKey } = stream;
  const problems: Problem[] = [];
  if (slice !== undefined && incremental?.end === undefined)
    problems.push({
      path: [...path, 'slice'],
      says:
        incremental === undefined
          ? 'there is no range of time to cut; add incremental with start and end'
          : 'needs incremental.end: without it every slice would read to the present',
    });
  if (slice !== undefined && incremental?.end !== undefined && incremental.initial === undefined)
    problems.push({
      path: [...path, 'incremental', 'initial'],
      says: 'missing; slices are cut from a beginning: write the time of the oldest records, such as 2020-01-01T00:00:00Z',
    });
  if (incremental === undefined) return problems;
  if (disposition === 'replace')
    problems.push({
      path: [...path, 'disposition'],
      says: 'a replace needs the full listing each time, and incremental reads only a part; use merge, or leave incremental out',
    });
  if (fullListing === true)
    problems.push({
      path: [...path, 'fullListing'],
      says: 'incremental reads only a part, so what is absent is not gone; leave one of the two out',
    });
  if (disposition === 'append' && incremental.lookback > 0 && primaryKey.length === 0)
    problems.push({
      path: [...path, 'incremental', 'lookback'],
      says: 'reading again what was appended before would double it; add a primaryKey, or leave lookback out',
    });
  return problems;
}
