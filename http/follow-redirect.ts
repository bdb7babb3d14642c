import type { PageRequest } from '../core/page.ts';
import { isOnHost, onSameOrigin } from '../core/same-origin.ts';

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** In a row, for one page. */
export const MOST_REDIRECTS = 5;

/**
 * The request that a redirect asks for: a GET on the same origin, or without credentials on a host that the request allows (RFC 9110 §15.4). undefined where there is none, or it must not be
 * followed: credentials would travel, or what is not a GET would be repeated or become another request.
 */
export function followRedirect(
  request: PageRequest,
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): PageRequest | undefined {
  const { location } = headers;
  if (request.method !== 'GET' || location === undefined || !REDIRECTS.includes(status)) return undefined;
  if (!URL.canParse(location, request.url)) return undefined;
  const link = new URL(location, request.url);
  const to = onSameOrigin(link, new URL(request.url));
  if (to !== undefined) return { ...request, url: to.href };
  const { hosts = [], headers: sent } = request;
  const { accept = '*/*' } = sent;
  return isOnHost(link, hosts) ? { ...request, url: link.href, headers: { accept }, foreign: true } : undefined;
}
