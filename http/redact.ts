import type { KnownSecret } from './known-secrets.ts';
import { secretFinder } from './secret-forms.ts';
import { showsSecret } from './shows-secret.ts';

/**
 * Allow-lists, not deny-lists: what is not known to be harmless does not reach a log or an error message.
 */

/** Path and names of the query: `/orders?page&limit`. What the base URL holds is left out: some carry a token in their path. */
export function redactUrl(url: string, baseUrl: string, known: readonly KnownSecret[] = []): string {
  const { pathname, searchParams } = new URL(url);
  const base = new URL(baseUrl).pathname.replace(/\/+$/, '');
  const path = pathname.startsWith(`${base}/`) || pathname === base ? pathname.slice(base.length) || '/' : '/…';
  const names = [...new Set(searchParams.keys())].join('&');
  return withoutSecrets(names === '' ? path : `${path}?${names}`, known);
}

/** For messages: a partner may repeat what we sent it in names that we show. */
export function withoutSecrets(text: string, known: readonly KnownSecret[]): string {
  if (known.length === 0) return text;
  const { pattern, what } = secretFinder(known, 'text');
  const shown = text.replaceAll(pattern, (found) => (what(found) === undefined ? found : '…'));
  return showsSecret(shown, known) ? '…' : shown;
}

/** Headers of an answer, but for those that repeat a secret: what is left may be told and stored. */
export function harmlessHeaders(
  headers: Readonly<Record<string, string>>,
  known: readonly KnownSecret[],
): Readonly<Record<string, string>> {
  const isHarmless = (text: string): boolean => withoutSecrets(text, known) === text;
  if (isHarmless(Object.values(headers).join('\n'))) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => isHarmless(value)));
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

/** The same, unless it repeats a secret. */
export function harmlessRequestId(
  headers: Readonly<Record<string, string>>,
  known: readonly KnownSecret[],
): string | undefined {
  const id = requestIdOf(headers);
  return id === undefined || withoutSecrets(id, known) === id ? id : undefined;
}
