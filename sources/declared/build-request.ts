import { GiveUp } from '../../core/errors.ts';
import type { PageRequest, Position } from '../../core/page.ts';
import type { Limits, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { countsRequests } from '../../definitions/limits.ts';
import { formatTime } from './format-time.ts';
import { pageParams } from './page-params.ts';

/** A parameter and where it goes; numbers stay numbers in a JSON body. */
export interface Param {
  readonly in: 'query' | 'header' | 'body';
  readonly as: string;
  readonly value: string | number;
}

/** The request of one page, without its credentials: a pure function of the definition and the position. */
export function buildRequest({
  partner,
  stream,
  position,
}: {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
  readonly position: Position;
}): PageRequest {
  const params = [
    ...parentParams(stream, position),
    ...rangeParams(stream, position),
    ...pageParams(stream.pagination, position.cursor),
    ...sizeParams(stream, partner.limits),
  ];
  const url = isUrlCursor(stream, position.cursor)
    ? sameOriginUrl(position.cursor, partner.baseUrl)
    : firstUrl({ partner, stream, position, params });
  const body = jsonBody(stream.body, params);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  for (const [name, value] of [...Object.entries(partner.headers), ...Object.entries(stream.headers)])
    headers[name.toLowerCase()] = value;
  for (const { in: place, as, value } of params)
    if (place === 'header') headers[as.toLowerCase()] = headerValue(as, value);
  return { method: stream.method, url, headers, body };
}

function isUrlCursor(stream: StreamDefinition, cursor: string | null): cursor is string {
  return cursor !== null && (stream.pagination.type === 'nextUrl' || stream.pagination.type === 'link');
}

/** The credentials go where the URL points, so a stored cursor may not point to another host. */
function sameOriginUrl(cursor: string, baseUrl: string): string {
  const base = new URL(baseUrl);
  const url = URL.canParse(cursor, base.href) ? new URL(cursor, base.href) : undefined;
  if (url === undefined) throw new GiveUp('the cursor is not a URL');
  if (url.origin !== base.origin)
    throw new GiveUp(`the next page is on ${url.origin}, not on ${base.origin}: credentials are not sent there`);
  url.username = '';
  url.password = '';
  return url.href;
}

function firstUrl({
  partner,
  stream,
  position,
  params,
}: {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
  readonly position: Position;
  readonly params: readonly Param[];
}): string {
  const base = new URL(partner.baseUrl);
  const path = fillPath(stream, position.parents).replace(/^\/+/, '');
  const prefix = base.pathname.replace(/\/+$/, '');
  const url = new URL(`${base.origin}${prefix}${path === '' || path.startsWith('?') ? path : `/${path}`}`);
  for (const [name, value] of base.searchParams) url.searchParams.set(name, value);
  for (const [name, value] of Object.entries(stream.query)) url.searchParams.set(name, String(value));
  for (const { in: place, as, value } of params) if (place === 'query') url.searchParams.set(as, String(value));
  url.hash = '';
  return url.href;
}

function fillPath(stream: StreamDefinition, parents: readonly string[]): string {
  const { parent, path = '' } = stream;
  const filled =
    parent?.in === 'path'
      ? path.replaceAll(`{${parent.as}}`, () => requireParents(parent, parents).map(pathSegment).join(parent.separator))
      : path;
  if (/\{\w+\}/.test(filled)) throw new GiveUp(`nothing fills a {placeholder} of the path ${path}`);
  return filled;
}

/** `.` and `..` survive encodeURIComponent and would climb to another endpoint (WHATWG URL, dot segments). */
function pathSegment(value: string): string {
  if (value === '' || value === '.' || value === '..')
    throw new GiveUp("a parent's value is empty or made of dots: it cannot stand in a path");
  return encodeURIComponent(value);
}

function parentParams({ parent }: StreamDefinition, { parents }: Position): Param[] {
  if (parent === undefined || parent.in === 'path') return [];
  return [{ in: parent.in, as: parent.as, value: requireParents(parent, parents).join(parent.separator) }];
}

function requireParents(
  parent: NonNullable<StreamDefinition['parent']>,
  parents: readonly string[],
): readonly string[] {
  if (parents.length === 0) throw new GiveUp(`a call per ${parent.stream} needs at least one of them`);
  return parents;
}

function rangeParams({ incremental }: StreamDefinition, { range }: Position): Param[] {
  if (incremental === undefined || range === null) return [];
  const { start, end, startInclusive } = incremental;
  const from = formatTime(range.from, {
    format: start.format,
    zone: start.zone,
    round: 'down',
    stepBack: !startInclusive,
  });
  const params: Param[] = [{ in: start.in, as: start.as, value: from }];
  if (end !== undefined)
    params.push({
      in: end.in,
      as: end.as,
      value: formatTime(range.to, { format: end.format, zone: end.zone, round: 'up' }),
    });
  return params;
}

/** Where requests are counted, fewer of them read more. */
function sizeParams({ pageSize }: StreamDefinition, limits: Limits): Param[] {
  if (pageSize === undefined) return [];
  const { as, in: place, max, usual } = pageSize;
  return [{ in: place, as, value: countsRequests(limits) ? max : Math.min(usual, max) }];
}

/** Names with dots go into nested objects (`variables.after`). */
function jsonBody(fixed: Readonly<Record<string, unknown>> | undefined, params: readonly Param[]): string | undefined {
  const inBody = params.filter((param) => param.in === 'body');
  if (fixed === undefined && inBody.length === 0) return undefined;
  let body: Readonly<Record<string, unknown>> = fixed ?? {};
  for (const { as, value } of inBody) body = withValue(body, as.split('.'), value);
  return JSON.stringify(body);
}

function withValue(
  object: Readonly<Record<string, unknown>>,
  [step = '', ...rest]: readonly string[],
  value: string | number,
): Record<string, unknown> {
  if (rest.length === 0) return { ...object, [step]: value };
  const inner = object[step];
  const nested = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  return { ...object, [step]: withValue(nested, rest, value) };
}

/** RFC 9110 §5.5; axios would drop the other characters silently, and so ask for something else. */
function headerValue(name: string, value: string | number): string {
  const text = String(value);
  if (!/^[\t\x20-\x7e]*$/.test(text))
    throw new GiveUp(`the value for header ${name} has characters no header can carry`);
  return text;
}
