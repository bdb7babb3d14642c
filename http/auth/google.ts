import { HOUR } from '../../core/duration.ts';
import { NeedsAttention } from '../../core/errors.ts';
import type { AuthOf } from '../../definitions/auth.ts';
import { readServiceAccountKey } from '../../definitions/google-service-account.ts';
import type { TokenKind } from './held-token.ts';
import { jwt } from './jwt.ts';
import type { TokenExchange } from './token-exchange.ts';

/** https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
export function google(
  auth: AuthOf<'googleServiceAccount'>,
  deps: { readonly exchange: TokenExchange; readonly now: () => number },
): TokenKind {
  const account = readServiceAccountKey(auth);
  if (account === undefined) throw new NeedsAttention('auth.key is not the JSON of a service account');
  const { client_email: iss, private_key: key, private_key_id: keyId, token_uri: url } = account;
  return jwt(
    {
      algorithm: 'RS256',
      key,
      keyId,
      claims: {
        iss,
        aud: url,
        scope: [auth.scope].flat().join(' '),
        ...(auth.subject === undefined ? {} : { sub: auth.subject }),
      },
      // More than an hour is refused.
      lifetime: HOUR,
      exchange: { url, as: 'assertion', extra: {}, token: 'access_token', expiresIn: { path: 'expires_in' } },
      use: { in: 'header' },
      renewBefore: auth.renewBefore,
    },
    deps,
  );
}
