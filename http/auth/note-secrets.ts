import type { DeclaredAuth } from '../../definitions/auth.ts';
import { readServiceAccountKey } from '../../definitions/google-service-account.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import { isSecretLike } from '../secret-like.ts';
import { basicOf } from './basic-of.ts';
import { clientPair } from './token-request.ts';

/** The secrets of a declared `auth`, as they go out. */
export function noteSecrets(auth: DeclaredAuth, known: KnownSecrets): void {
  switch (auth.type) {
    case 'none':
    case 'function':
      return;
    case 'bearer':
      known.note('auth.token', auth.token);
      return;
    case 'apiKey':
      known.note('auth.key', auth.key);
      return;
    case 'basic':
      known.note('auth.password', auth.password);
      // Some partners want their key as the name, beside an empty password.
      if (auth.password === '') known.note('auth.username', auth.username);
      known.note('auth.basic', basicOf(auth));
      return;
    case 'hmac':
      known.note('auth.secret', auth.secret);
      return;
    case 'awsSigv4':
      known.note('auth.secret', auth.secretAccessKey);
      known.note('auth.sessionToken', auth.sessionToken);
      return;
    case 'jwt':
      // The key never goes out; it seals cursors.
      known.note('auth.key', auth.key);
      return;
    case 'googleServiceAccount':
      known.note('auth.key', readServiceAccountKey(auth)?.private_key ?? auth.key);
      return;
    case 'login':
      // As the body holds them; they seal cursors.
      known.note('auth.credentials', JSON.stringify(auth.credentials));
      for (const [name, value] of textsIn(auth.credentials))
        if (!harmless.test(name.split('.').at(-1) ?? '')) known.note(`auth.credentials.${name}`, value);
      for (const [name, value] of Object.entries(auth.headers))
        if (isSecretLike(name) || isSecretLike(name.replace(/^x-/i, '')))
          known.note(`auth.headers.${encodeURIComponent(name)}`, value);
      if (auth.as === 'basic') {
        const { username = '', password = '' } = Object.fromEntries(textsIn(auth.credentials));
        known.note('auth.basic', basicOf({ username, password }));
      }
      return;
    case 'oauth2':
      known.note('auth.clientSecret', auth.clientSecret);
      if (auth.clientSecret !== undefined) known.note('auth.clientBasic', clientPair(auth));
      known.note('auth.sealKey', auth.sealKey);
      known.note('auth.refreshToken', auth.refreshToken);
      for (const [name, value] of Object.entries(auth.extra))
        if (isSecretLike(name)) known.note(`auth.extra.${encodeURIComponent(name)}`, value);
  }
}

/** Parts of a login that name rather than prove; all others count as secrets. */
const harmless =
  /^(user(_?name)?|login|e?mail|account|client_?id|grant_?type|scope|audience|tenant|company(_?db)?|database|db|domain|provider|realm|locale|language|type)$/i;

function textsIn(value: unknown, path: readonly string[] = []): [string, string][] {
  if (typeof value === 'string') return [[path.map(encodeURIComponent).join('.'), value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, [...path, name]));
}
