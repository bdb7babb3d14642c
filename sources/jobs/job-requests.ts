import { GiveUp } from '../../core/errors.ts';
import type { PageRequest, Position } from '../../core/page.ts';
import { isOnHost, onSameOrigin, originOf } from '../../core/same-origin.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import type { Job, JobRequest } from '../../definitions/job.ts';
import { buildRequest } from '../declared/build-request.ts';
import { readPlace } from '../parts/part-cursor.ts';
import type { JobResult } from './job-cursor.ts';

export interface JobOf {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
  readonly job: Job;
}

/** Orders the job, once for one key. */
export function createRequest(of: JobOf, position: Position): PageRequest {
  const key = keyOf(position);
  const { create, keyHeader } = of.job;
  const request = stepRequest(of, create, { position, given: { key } });
  return { ...request, headers: { ...request.headers, [keyHeader.toLowerCase()]: key }, changes: true };
}

export const findRequest = (of: JobOf, find: JobRequest, position: Position): PageRequest =>
  stepRequest(of, find, { position, given: { key: keyOf(position) } });

export function pollRequest(of: JobOf, id: string, position: Position): PageRequest {
  const { poll } = of.job;
  const request = stepRequest(of, poll, { position, given: givenOf(id, position) });
  return poll.path === undefined ? { ...request, url: onOrigin(id, of, 'the job') } : request;
}

export function cancelRequest(of: JobOf, cancel: JobRequest, { id, position }: OfJob): PageRequest {
  return { ...stepRequest(of, cancel, { position, given: givenOf(id, position) }), changes: true };
}

interface OfJob {
  readonly id: string;
  readonly position: Position;
}

/** The next file of the result, or the next page of it. */
export function resultRequest(of: JobOf, { id, files, cursor }: JobResult, position: Position): PageRequest {
  const { hosts } = of.job;
  const [file] = files;
  const place = readPlace(cursor);
  const built = buildRequest({
    partner: of.partner,
    stream: { ...of.stream, ...(file === undefined ? {} : fileOnly) },
    position: { ...position, cursor: place === undefined ? cursor : place.cursor },
    given: givenOf(id, position),
  });
  const request = hosts.length === 0 ? built : { ...built, hosts };
  return file === undefined ? request : fileRequest(request, file, of);
}

/** Credentials go to the partner's own origin alone. */
function fileRequest(request: PageRequest, file: string, of: JobOf): PageRequest {
  const { baseUrl } = of.partner;
  const link = URL.canParse(file, baseUrl) ? new URL(file, baseUrl) : undefined;
  if (link === undefined) throw new GiveUp('the address of a file of the result is no URL');
  const own = onSameOrigin(link, new URL(baseUrl));
  if (own !== undefined) return { ...request, url: own.href };
  if (!isOnHost(link, of.job.hosts))
    throw new GiveUp(
      `a file of the result is on ${originOf(link)}: where that is right, write its host into job.hosts; it gets no credentials`,
    );
  link.hash = '';
  const { accept = '*/*' } = request.headers;
  return { ...request, url: link.href, headers: { accept }, foreign: true };
}

const fileOnly = {
  path: '',
  query: {},
  method: 'GET',
  body: undefined,
  form: undefined,
  text: undefined,
  graphql: undefined,
  pagination: { type: 'none', all: true },
  pageSize: undefined,
} as const satisfies Partial<StreamDefinition>;

/** A step's request, made as that of a stream is. */
function stepRequest(
  of: JobOf,
  step: JobRequest,
  { position, given }: { readonly position: Position; readonly given: Readonly<Record<string, string>> },
): PageRequest {
  const { query, headers, body, form, text, contentType, graphql, method, path = '' } = step;
  return buildRequest({
    partner: of.partner,
    stream: {
      ...of.stream,
      path,
      query,
      body,
      form,
      text,
      contentType,
      graphql,
      headers: { accept: 'application/json', ...of.stream.headers, ...headers },
      pagination: { type: 'none', all: true },
      pageSize: undefined,
    },
    method: graphql === undefined ? method : 'POST',
    position: { ...position, cursor: null },
    given,
  });
}

function onOrigin(url: string, { partner: { baseUrl } }: JobOf, what: string): string {
  const base = new URL(baseUrl);
  const link = URL.canParse(url, baseUrl) ? new URL(url, baseUrl) : undefined;
  if (link === undefined) throw new GiveUp(`the id of ${what} is no URL: write job.poll.path`);
  const own = onSameOrigin(link, base);
  if (own === undefined)
    throw new GiveUp(`${what} is on ${originOf(link)}, not on ${base.origin}: credentials are not sent there`);
  return own.href;
}

const givenOf = (id: string, { key }: Position): Readonly<Record<string, string>> =>
  key === undefined ? { job: id } : { job: id, key };

function keyOf({ key }: Position): string {
  if (key === undefined) throw new GiveUp('an export job is ordered by a sync only, and this is none');
  return key;
}
