/**
 * Allow-lists, not deny-lists: what is not known to be harmless does not reach a log or an error message.
 */

/** Path and names of the query: `/orders?page&limit`. What the base URL holds is left out: some carry a token in their path. */
export function redactUrl(url: string, baseUrl: string): string {
  const { pathname, searchParams } = new URL(url);
  const base = new URL(baseUrl).pathname.replace(/\/+$/, '');
  const path = pathname.startsWith(`${base}/`) || pathname === base ? pathname.slice(base.length) || '/' : '/…';
  const names = [...new Set(searchParams.keys())].join('&');
  return names === '' ? path : `${path}?${names}`;
}

const harmless = /^(age|content-(encoding|length|type)|date|etag|last-modified|retry-after|(x-)?rate-?limit[a-z-]*)$/;

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.test(name.toLowerCase())));
}

const requestIdHeaders = [
  'x-request-id',
  'request-id',
  'x-correlation-id',
  'x-github-request-id',
  'x-amzn-requestid',
  'x-ms-request-id',
  'cf-ray',
] as const;

/** The partner's own id of a request, if it is one: it goes into logs, so its shape is checked. */
export function requestIdOf(headers: Readonly<Record<string, string>>): string | undefined {
  return requestIdHeaders.map((name) => headers[name]).find((id) => id !== undefined && /^[\w.:/=+-]{1,128}$/.test(id));
}
