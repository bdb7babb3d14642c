import { GiveUp } from '../../core/errors.ts';
import type { Method, PageRequest, Position } from '../../core/page.ts';
import { readParent } from '../../core/parent-values.ts';
import { onSameOrigin, originOf } from '../../core/same-origin.ts';
import type { Limits, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { acceptOf } from '../../definitions/formats.ts';
import { LEFT_OUT } from '../../definitions/map-texts.ts';
import { parentFields } from '../../definitions/mentions.ts';
import { fillPath } from './fill-path.ts';
import { fillValue } from './fill-template.ts';
import { pageParams } from './page-params.ts';
import { bodyOf } from './request-body.ts';
import { filledParameters } from './request-parameters.ts';
import { endOf, limitOf, requireParents, startOf, templateValues } from './template-values.ts';

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
  method = stream.method,
  position,
  given = {},
}: {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
  /** Instead of the stream's. */
  readonly method?: Method;
  readonly position: Position;
  /** Values of further placeholders. */
  readonly given?: Readonly<Record<string, string>>;
}): PageRequest {
  const params = [
    ...parentParams(stream, position),
    ...rangeParams(stream, position),
    ...pageParams(stream, position.cursor),
    ...sizeParams(stream, partner.limits),
  ];
  const values = templateValues({ stream, limits: partner.limits, position, given });
  const url = isUrlCursor(stream, position.cursor)
    ? sameOriginUrl(position.cursor, partner.baseUrl)
    : firstUrl({ partner, stream, params, values });
  const body = bodyOf({ stream, params, values });
  const headers: Record<string, string> = { accept: acceptOf(stream) };
  if (body !== undefined) headers['content-type'] = body.type;
  for (const [name, template] of [...Object.entries(partner.headers), ...Object.entries(stream.headers)]) {
    const value = fillValue(template, { lookup: values.lookup }, false);
    if (value === LEFT_OUT) delete headers[name.toLowerCase()];
    else headers[name.toLowerCase()] = value === template ? template : headerValue(name, value as string | number);
  }
  for (const { in: place, as, value } of params)
    if (place === 'header') headers[as.toLowerCase()] = headerValue(as, value);
  return { method, url, headers, body: body?.text };
}

function isUrlCursor(stream: StreamDefinition, cursor: string | null): cursor is string {
  return cursor !== null && (stream.pagination.type === 'nextUrl' || stream.pagination.type === 'link');
}

/** The credentials go where the URL points, so a stored cursor may not point to another host. */
function sameOriginUrl(cursor: string, baseUrl: string): string {
  const base = new URL(baseUrl);
  const link = URL.canParse(cursor, base.href) ? new URL(cursor, base.href) : undefined;
  if (link === undefined) throw new GiveUp('the cursor is not a URL');
  const url = onSameOrigin(link, base);
  if (url === undefined)
    throw new GiveUp(`the next page is on ${originOf(link)}, not on ${base.origin}: credentials are not sent there`);
  return url.href;
}

interface Parts {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
  readonly params: readonly Param[];
  readonly values: ReturnType<typeof templateValues>;
}

function firstUrl({ partner, stream, params, values }: Parts): string {
  const base = new URL(partner.baseUrl);
  const path = fillPath(stream.path ?? '', values.inPath).replace(/^\/+/, '');
  const prefix = base.pathname.replace(/\/+$/, '');
  const url = new URL(`${base.origin}${prefix}${path === '' || path.startsWith('?') ? path : `/${path}`}`);
  for (const [name, value] of base.searchParams) url.searchParams.set(name, value);
  for (const [name, texts] of filledParameters(stream.query, { lists: stream.lists, lookup: values.lookup })) {
    url.searchParams.delete(name);
    for (const text of texts) url.searchParams.append(name, text);
  }
  for (const { in: place, as, value } of params) if (place === 'query') url.searchParams.set(as, String(value));
  url.hash = '';
  return url.href;
}

function parentParams(stream: StreamDefinition, { parents }: Position): Param[] {
  const { parent } = stream;
  if (parent?.as === undefined || parent.field === undefined || parent.in === 'path') return [];
  const fields = parentFields(stream);
  const values = requireParents(parent.stream, parents).map((text) => readParent(fields, text, parent.field as string));
  if (values.includes(undefined))
    throw new GiveUp(`a parent's ${parent.field} is not known: it was read for other fields`);
  return [{ in: parent.in, as: parent.as, value: values.join(parent.separator) }];
}

function rangeParams({ incremental }: StreamDefinition, { range }: Position): Param[] {
  if (incremental === undefined || range === null) return [];
  const { start, end } = incremental;
  const params: Param[] = [];
  if (start !== undefined) params.push({ in: start.in, as: start.as, value: startOf(incremental, range.from, start) });
  if (end !== undefined) params.push({ in: end.in, as: end.as, value: endOf(range.to, end) });
  return params;
}

function sizeParams(stream: StreamDefinition, limits: Limits): Param[] {
  const { pageSize } = stream;
  const value = limitOf(stream, limits);
  return pageSize?.as === undefined || value === null ? [] : [{ in: pageSize.in, as: pageSize.as, value }];
}

/** RFC 9110 §5.5; axios would drop the other characters silently, and so ask for something else. */
function headerValue(name: string, value: string | number): string {
  const text = String(value);
  if (!/^[\t\x20-\x7e]*$/.test(text))
    throw new GiveUp(`the value for header ${name} has characters no header can carry`);
  return text;
}
