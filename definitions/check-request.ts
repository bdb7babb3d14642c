import { checkBody } from './check-body.ts';
import { checkJob } from './check-job.ts';
import { checkTemplates, type Checked } from './check-templates.ts';
import type { StreamDefinition } from './definition.ts';
import { includedNames, mentions, PARENT, parentFields, placeholdersOf, readsRanges } from './mentions.ts';
import type { Path, Problem } from './problem.ts';
import { isPushOnly } from './push.ts';
import { parseTemplate, placeholdersIn } from './template.ts';

interface CheckedWith extends Partial<Pick<Checked, 'isSecret'>> {
  /** The partner's. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whether the requests that a stream describes can be built, and read what they promise. */
export function checkRequest(
  stream: StreamDefinition,
  path: Path,
  { headers = {}, isSecret = () => false }: CheckedWith = {},
): readonly Problem[] {
  return [
    ...checkSource(stream, path),
    ...checkJob(stream, path),
    // A source makes its requests without the partner's headers.
    ...(stream.source === undefined ? checkTemplates({ stream, path, isSecret }, headers) : []),
    ...checkUses(stream, path),
    ...checkBody(stream, path),
    ...checkParent(stream, path),
    ...checkIncremental(stream, path),
    ...checkPageSize(stream, path),
    ...checkKeep(stream, path),
    ...checkRestarts(stream, path),
    ...(stream.conditional && stream.method !== 'GET'
      ? [
          {
            path: [...path, 'conditional'],
            says: `only for method: GET: a ${stream.method} has no validators (RFC 9110 §13); leave it out`,
          },
        ]
      : []),
  ];
}

/** A source makes the requests and reads the answers, so nothing else may say how that is done. */
function checkSource(stream: StreamDefinition, path: Path): Problem[] {
  if (stream.source === undefined)
    return stream.path === undefined && stream.job?.files === undefined && !isPushOnly(stream)
      ? [{ path: [...path, 'path'], says: "missing; the endpoint's path behind baseUrl" }]
      : [];
  const told: Readonly<Record<string, boolean>> = {
    path: stream.path !== undefined,
    body: stream.body !== undefined,
    form: stream.form !== undefined,
    text: stream.text !== undefined,
    graphql: stream.graphql !== undefined,
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

/** Each value that the definition has for requests goes somewhere: into a parameter or a template. */
function checkUses(stream: StreamDefinition, path: Path): Problem[] {
  const { parent, incremental, pagination, pageSize, source, path: template = '' } = stream;
  if (source !== undefined) return [];
  const problems: Problem[] = [];
  const missing = (at: Path, says: string): void => void problems.push({ path: [...path, ...at], says });
  const hasCursor = 'in' in pagination && pagination.type !== 'offset' && pagination.type !== 'page';
  if (hasCursor && pagination.as === undefined && !mentions(stream, 'cursor'))
    missing(['pagination', 'as'], 'missing; the parameter that takes the cursor, or {cursor} where it belongs');
  if ('in' in pagination && pagination.as !== undefined && mentions(stream, 'cursor'))
    missing(['pagination', 'as'], '{cursor} already says where the cursor goes; leave out one of the two');
  if (pageSize !== undefined && pageSize.as === undefined && !mentions(stream, 'limit'))
    missing(['pageSize', 'as'], 'missing; the parameter that takes the number, or {limit} where it belongs');
  if (incremental !== undefined && incremental.start === undefined && !mentions(stream, 'start'))
    missing(['incremental', 'start'], 'missing; the parameter that takes the start, or {start} where it belongs');
  if (parent === undefined) return problems;
  const mentioned = placeholdersOf(stream).some(({ name }) => name.startsWith(PARENT));
  if (parent.as === undefined && !mentioned)
    missing(['parent', 'as'], 'missing; the name of its placeholder or parameter, or {parent.FIELD} where it belongs');
  if (parent.as !== undefined && parent.field === undefined)
    missing(['parent', 'field'], `missing; the field of the parent that goes into "${parent.as}"`);
  if (parent.as !== undefined && parent.in === 'path' && !namesInPath(template).includes(parent.as))
    missing(
      ['parent', 'as'],
      `{${parent.as}} is not in the path; write it there, or say where the value goes with in: query, header or body`,
    );
  const used = new Set([
    ...placeholdersOf(stream).map(({ name }) => name),
    ...Object.keys(includedNames(stream)).map((field) => PARENT + field),
  ]);
  parent.fields.forEach((field, index) => {
    if (field !== parent.field && !used.has(PARENT + field))
      missing(
        ['parent', 'fields', index],
        `nothing uses it; write {${PARENT}${field}} where it belongs, or leave it out`,
      );
  });
  return problems;
}

const namesInPath = (template: string): readonly string[] =>
  placeholdersIn(parseTemplate(template, 'path') ?? []).map(({ name }) => name);

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

/** A cursor of the next run stands for all that a stream has, and says nothing of what is gone. */
function checkKeep(
  { pagination, parent, incremental, slice, disposition, fullListing }: StreamDefinition,
  path: Path,
): Problem[] {
  if (!('keep' in pagination) || pagination.keep === undefined) return [];
  const told: Readonly<Record<string, boolean>> = {
    parent: parent !== undefined,
    incremental: incremental !== undefined,
    slice: slice !== undefined,
    disposition: disposition === 'replace',
    fullListing: fullListing === true,
  };
  return Object.keys(told)
    .filter((name) => told[name])
    .map((name) => ({
      path: [...path, name],
      says: 'with pagination.keep a run goes on from the cursor of the last one, which knows one listing and names only what is new; leave one of the two out',
    }));
}

/** What is read a second time changes nothing only where it has a key. */
const checkRestarts = ({ errors, primaryKey }: StreamDefinition, path: Path): Problem[] =>
  primaryKey.length > 0
    ? []
    : errors.flatMap(({ action }, index) =>
        action === 'restart'
          ? [
              {
                path: [...path, 'errors', index, 'action'],
                says: 'restart reads the listing again and would double its records; add a primaryKey, or write giveUp',
              },
            ]
          : [],
      );

function checkParent(stream: StreamDefinition, path: Path): Problem[] {
  const { parent } = stream;
  if (parent === undefined) return [];
  const problems = checkChanged(stream, path);
  if (parent.batch === 1) return problems;
  const fields = parentFields(stream).filter((field) => field !== parent.changed);
  if (parent.include !== undefined)
    problems.push({
      path: [...path, 'parent', 'include'],
      says: 'only with batch: 1: of several parents nobody can tell which one a record belongs to',
    });
  else if (fields.length > 1)
    problems.push({
      path: [...path, 'parent', 'batch'],
      says: `only with one field, found ${fields.join(', ')}: lists of each would not say what belongs together`,
    });
  return problems;
}

/** Who asks for some of the parents cannot tell what is gone, and needs no other mark of what is new. */
function checkChanged(
  { parent, incremental, fullListing, disposition, primaryKey }: StreamDefinition,
  path: Path,
): Problem[] {
  if (parent?.changed === undefined) return [];
  const at = [...path, 'parent', 'changed'];
  if (incremental !== undefined)
    return [{ path: at, says: 'a parent that changed is read as a whole; leave incremental or parent.changed out' }];
  if (fullListing === true || disposition === 'replace')
    return [{ path: at, says: 'only some of the parents are asked for, so what is absent is not gone; leave it out' }];
  if (disposition === 'append' && primaryKey.length === 0)
    return [
      { path: at, says: 'a parent that changed is read again, which would double its records; add a primaryKey' },
    ];
  return [];
}

function checkIncremental(stream: StreamDefinition, path: Path): Problem[] {
  const { incremental, slice, disposition, fullListing, primaryKey } = stream;
  const problems: Problem[] = [];
  if (slice !== undefined && !readsRanges(stream))
    problems.push({
      path: [...path, 'slice'],
      says:
        incremental === undefined
          ? 'there is no range of time to cut; add incremental with start and end'
          : 'needs incremental.end, or {end} in a template: without it every slice would read to the present',
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
