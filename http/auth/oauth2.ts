import { NeedsAttention } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import type { Authorizer } from '../auth.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import type { StoredToken, TokenStore } from '../../core/token-store.ts';
import { readTokenAnswer, type GrantedToken } from './read-token-answer.ts';
import { tokenRequest, type OAuth2Auth } from './token-request.ts';
import type { TokenExchange } from './token-exchange.ts';
import { withHeader } from './with-header.ts';

interface HeldToken {
  readonly accessToken: string;
  readonly renewAtMs: number;
}

export interface OAuth2Deps {
  readonly auth: OAuth2Auth;
  readonly tokens: TokenStore;
  readonly exchange: TokenExchange;
  /** Told of the tokens. */
  readonly secrets: KnownSecrets;
  readonly now: () => number;
}

export function createOAuth2({ auth, tokens, exchange, secrets, now }: OAuth2Deps): Authorizer {
  const usedBy = new WeakMap<PageRequest, string>();
  let held: HeldToken | undefined;
  let renewing: Promise<HeldToken> | undefined;

  const note = (token: Pick<StoredToken, 'accessToken' | 'refreshToken'>): void => {
    secrets.note('auth.accessToken', token.accessToken);
    // Beside that of the definition, which may be another.
    secrets.note('auth.storedRefreshToken', token.refreshToken);
  };
  const isFresh = (token: HeldToken | undefined): token is HeldToken => token !== undefined && now() < token.renewAtMs;

  /** One at a time here, and behind the lock everywhere. */
  const renew = (refused: string | undefined): Promise<HeldToken> =>
    (renewing ??= tokens
      .lock(async (behindLock) => {
        // Read again behind the lock: another process may have renewed it already.
        const stored = await behindLock.read();
        if (stored !== undefined) note(stored);
        const known = stored === undefined ? undefined : hold(stored, auth.renewBefore);
        if (known?.accessToken !== refused && isFresh(known)) return known;
        const askedAtMs = now();
        const granted = await obtain({ auth, exchange, stored });
        const expiresAtMs = granted.lifetimeMs === null ? null : askedAtMs + granted.lifetimeMs;
        const token = { accessToken: granted.accessToken, expiresAtMs, refreshToken: granted.refreshToken };
        note(token);
        // Written before it is used: a rotated refresh token that is lost locks us out.
        await behindLock.write(token);
        // Half its life at most, or a token shorter than `renewBefore` would never count as fresh.
        return hold(token, Math.min(auth.renewBefore, (granted.lifetimeMs ?? 0) / 2));
      })
      .then((token) => (held = token))
      .finally(() => {
        renewing = undefined;
      }));

  return {
    canRefresh: true,
    authorize: async (request) => {
      const { accessToken } = isFresh(held) ? held : await renew(undefined);
      usedBy.set(request, accessToken);
      return withHeader(request, 'authorization', `Bearer ${accessToken}`);
    },
    refresh: async (request) => {
      const refused = (request === undefined ? undefined : usedBy.get(request)) ?? held?.accessToken;
      if (held === undefined || held.accessToken === refused || !isFresh(held)) await renew(refused);
      return true;
    },
    secrets: async (names) => {
      if (names.includes('auth.accessToken') && !isFresh(held)) await renew(undefined);
      return secrets.list();
    },
  };
}

function hold({ accessToken, expiresAtMs }: StoredToken, marginMs: number): HeldToken {
  return { accessToken, renewAtMs: expiresAtMs === null ? Number.POSITIVE_INFINITY : expiresAtMs - marginMs };
}

async function obtain({
  auth,
  exchange,
  stored,
}: {
  readonly auth: OAuth2Auth;
  readonly exchange: TokenExchange;
  readonly stored: StoredToken | undefined;
}): Promise<GrantedToken> {
  for (const refreshToken of refreshTokens(auth, stored)) {
    const answer = readTokenAnswer(await exchange(tokenRequest(auth, refreshToken)));
    // RFC 6749 §6: without a new refresh token the old one stays in use.
    if (answer !== 'invalid_grant') return { ...answer, refreshToken: answer.refreshToken ?? refreshToken };
  }
  throw new NeedsAttention(
    auth.grant === 'refresh_token'
      ? 'the refresh token is missing, expired or revoked: authorize the partner again and set the new one'
      : 'the token endpoint answered invalid_grant: check client id, secret and scope',
  );
}

/** The rotated one first; then the definition's, which a person may have replaced after a revocation. */
function refreshTokens(auth: OAuth2Auth, stored: StoredToken | undefined): readonly (string | null)[] {
  if (auth.grant === 'client_credentials') return [null];
  const known = [stored?.refreshToken, auth.refreshToken].filter((token) => token !== undefined && token !== null);
  return [...new Set(known)];
}
