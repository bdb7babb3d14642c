import type { PageRequest } from '../../core/page.ts';
import type { AuthOf } from '../../definitions/auth.ts';
import type { TokenKind } from './held-token.ts';
import { placeToken } from './place-token.ts';
import { readGranted } from './read-granted.ts';
import { signJwt } from './sign-jwt.ts';
import type { TokenExchange } from './token-exchange.ts';
import { withHeader } from './with-header.ts';

type JwtAuth = Pick<
  AuthOf<'jwt'>,
  'algorithm' | 'key' | 'keyId' | 'claims' | 'lifetime' | 'exchange' | 'use' | 'renewBefore'
>;

/** A signed JWT, sent itself or exchanged for a token (RFC 7523). */
export function jwt(
  auth: JwtAuth,
  { exchange, now }: { readonly exchange: TokenExchange; readonly now: () => number },
): TokenKind {
  return {
    renewBefore: auth.renewBefore,
    place: (request, token) => placeToken(request, token, { use: auth.use, otherwise: 'Authorization' }),
    obtain: async (_, permitted) => {
      const signed = await signJwt(auth, now());
      if (auth.exchange === undefined) return { accessToken: signed, lifetimeMs: auth.lifetime, refreshToken: null };
      return readGranted(await exchange(exchangeRequest(auth.exchange, signed), permitted), {
        ...auth.exchange,
        what: 'the token endpoint',
        check: 'auth.key, auth.claims and auth.exchange.url',
      });
    },
  };
}

function exchangeRequest({ url, as, extra }: NonNullable<JwtAuth['exchange']>, signed: string): PageRequest {
  const form = new URLSearchParams(extra);
  if (as === 'assertion') {
    form.set('grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    form.set('assertion', signed);
  }
  const request: PageRequest = {
    method: 'POST',
    url,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  };
  return as === 'bearer' ? withHeader(request, 'authorization', `Bearer ${signed}`) : request;
}
