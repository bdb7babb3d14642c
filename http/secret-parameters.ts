import type { Partner } from '../definitions/definition.ts';
import { isSecretLike } from './secret-like.ts';

/** What a definition's requests carry outside of `auth` under the name of a secret. */
export function secretParameters({ baseUrl, headers, streams }: Partner): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const look = (place: string, values: Iterable<readonly [string, unknown]>): void => {
    for (const [name, value] of values)
      if (typeof value === 'string' && value !== '' && isSecretName(name))
        found[`${place}.${encodeURIComponent(name)}`] = value;
  };
  look('query', new URL(baseUrl).searchParams);
  look('headers', Object.entries(headers));
  for (const [stream, { query, headers: own, body = {} }] of Object.entries(streams)) {
    look(`query.${stream}`, Object.entries(query));
    look(`headers.${stream}`, Object.entries(own));
    look(`body.${stream}`, Object.entries(body));
  }
  return found;
}

/** `X-Auth-Token` too: what is not an extension to others may be one to a partner. */
const isSecretName = (name: string): boolean => isSecretLike(name) || isSecretLike(name.replace(/^x-/i, ''));
