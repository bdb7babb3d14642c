import type { PageRequest } from '../core/page.ts';
import { onSameOrigin } from '../core/same-origin.ts';

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** In a row, for one page. */
export const MOST_REDIRECTS = 5;

/**
 * The request that a redirect asks for: a GET on the same origin (RFC 9110 §15.4). undefined where there is none, or it must not be
 * followed: credentials would travel, or what is not a GET would be repeated or become another request.
 */
export function followRedirect(
  request: PageRequest,
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): PageRequest | undefined {
  const { location } = headers;
  if (request.method !== 'GET' || location === undefined || !REDIRECTS.includes(status)) return undefined;
  if (!URL.canParse(location, request.url)) return undefined;
  const to = onSameOrigin(new URL(location, request.url), new URL(request.url));
  return to === undefined ? undefined : { ...request, url: to.href };
}
