import type { PageRequest } from '../core/page.ts';
import type { KnownSecret } from './known-secrets.ts';
import { redactUrl, withoutSecrets } from './redact.ts';

/** Where a request goes, fit to be stored: host, and the path behind the base URL with the names of the query's parameters. */
export function callPlace(
  { url, foreign = false }: Pick<PageRequest, 'url' | 'foreign'>,
  baseUrl: string,
  known: readonly KnownSecret[],
): { readonly host: string; readonly path: string } {
  const { host, origin } = new URL(url);
  // Elsewhere the path itself may be the secret: signed downloads, tenants in the URLs of tokens.
  const isElsewhere = foreign || origin !== new URL(baseUrl).origin;
  return { host: withoutSecrets(host, known), path: isElsewhere ? '/…' : redactUrl(url, baseUrl, known) };
}
