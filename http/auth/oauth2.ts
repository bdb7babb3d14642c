import { NeedsAttention } from '../../core/errors.ts';
import type { StoredToken } from '../../core/token-store.ts';
import type { TokenKind } from './held-token.ts';
import { readTokenAnswer } from './read-token-answer.ts';
import { tokenRequest, type OAuth2Auth } from './token-request.ts';
import type { TokenExchange } from './token-exchange.ts';
import { withHeader } from './with-header.ts';

export function oauth2(auth: OAuth2Auth, exchange: TokenExchange): TokenKind {
  return {
    renewBefore: auth.renewBefore,
    place: (request, token) => withHeader(request, 'authorization', `Bearer ${token}`),
    obtain: async (stored, permitted) => {
      for (const refreshToken of refreshTokens(auth, stored)) {
        const answer = readTokenAnswer(await exchange(tokenRequest(auth, refreshToken), permitted));
        // RFC 6749 §6: without a new refresh token the old one stays in use.
        if (answer !== 'invalid_grant') return { ...answer, refreshToken: answer.refreshToken ?? refreshToken };
      }
      throw new NeedsAttention(cures[auth.grant]);
    },
  };
}

const cures: Readonly<Record<OAuth2Auth['grant'], string>> = {
  client_credentials: 'the token endpoint answered invalid_grant: check client id, secret and scope',
  refresh_token: 'the refresh token is missing, expired or revoked: authorize the partner again and set the new one',
  authorization_code:
    'nobody has authorized this yet, or it has expired or was revoked: run `syncline auth` with the name of the partner',
};

/** The rotated one first; then the definition's, which a person may have replaced after a revocation. */
function refreshTokens(auth: OAuth2Auth, stored: StoredToken | undefined): readonly (string | null)[] {
  if (auth.grant === 'client_credentials') return [null];
  const known = [stored?.refreshToken, auth.refreshToken].filter((token) => token !== undefined && token !== null);
  return [...new Set(known)];
}
