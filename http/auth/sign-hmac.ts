import { createHmac } from 'node:crypto';
import type { PageRequest } from '../../core/page.ts';
import type { Auth } from '../../definitions/definition.ts';
import { withHeader } from './with-header.ts';

type HmacAuth = Extract<Exclude<Auth, (...args: never[]) => unknown>, { type: 'hmac' }>;

/** Signs exactly what is sent: path and query as they stand in the URL, the body's own text. */
export function signHmac(auth: HmacAuth, request: PageRequest, nowMs: number): PageRequest {
  const timestamp = String(Math.floor(nowMs / 1000));
  const { pathname, search } = new URL(request.url);
  const values: Readonly<Record<string, string>> = {
    method: request.method,
    path: pathname,
    query: search.slice(1),
    timestamp,
    body: request.body ?? '',
  };
  const signed = auth.template.replace(
    /\{(method|path|query|timestamp|body)\}/g,
    (_, name: string) => values[name] ?? '',
  );
  const signature = createHmac(auth.algorithm, auth.secret).update(signed).digest(auth.encoding);
  const stamped = auth.timestampHeader === undefined ? request : withHeader(request, auth.timestampHeader, timestamp);
  return withHeader(stamped, auth.header, `${auth.prefix}${signature}`);
}
