import { Buffer } from 'node:buffer';
import type { Auth } from '../../definitions/definition.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import { isSecretLike } from '../secret-like.ts';
import { clientPair } from './token-request.ts';

type Declared = Exclude<Auth, (...args: never[]) => unknown>;

export const basicOf = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  Buffer.from(`${username}:${password}`).toString('base64');

/** The secrets of a declared `auth`, as they go out. */
export function noteSecrets(auth: Declared, known: KnownSecrets): void {
  switch (auth.type) {
    case 'none':
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
    case 'oauth2':
      known.note('auth.clientSecret', auth.clientSecret);
      known.note('auth.clientBasic', clientPair(auth));
      known.note('auth.refreshToken', auth.refreshToken);
      for (const [name, value] of Object.entries(auth.extra))
        if (isSecretLike(name)) known.note(`auth.extra.${encodeURIComponent(name)}`, value);
  }
}
