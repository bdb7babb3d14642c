import type { PageRequest } from '../../core/page.ts';
import type { StoredToken, TokenStore } from '../../core/token-store.ts';
import type { Authorizer } from '../auth.ts';
import type { KnownSecrets } from '../known-secrets.ts';
import type { GrantedToken } from './read-token-answer.ts';
import type { Permitted } from './token-exchange.ts';

interface HeldToken {
  readonly accessToken: string;
  readonly renewAtMs: number;
}

/** What one kind of auth knows of its tokens. */
export interface TokenKind {
  /** A token is renewed this long before it ends, ms. */
  readonly renewBefore: number;
  /** Asks for another one. */
  readonly obtain: (stored: StoredToken | undefined, permitted: Permitted | undefined) => Promise<GrantedToken>;
  readonly place: (request: PageRequest, token: string) => PageRequest;
  /** In words, where that is, and where the definition says it. */
  readonly placed?: string;
}

export interface HeldTokenDeps {
  readonly tokens: TokenStore;
  /** Told of the tokens. */
  readonly secrets: KnownSecrets;
  readonly now: () => number;
}

/** Tokens that all workers share: asked for once, whoever needs one, and renewed before they end or when one is refused. */
export function heldToken(kind: TokenKind, { tokens, secrets, now }: HeldTokenDeps): Authorizer {
  const prepared = new WeakMap<PageRequest, string>();
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
  const renew = (refused: string | undefined, permitted: Permitted | undefined): Promise<HeldToken> =>
    (renewing ??= tokens
      .lock(async (behindLock) => {
        // Read again behind the lock: another process may have renewed it already.
        const stored = await behindLock.read();
        if (stored !== undefined) note(stored);
        const known = stored === undefined ? undefined : hold(stored, kind.renewBefore);
        if (known?.accessToken !== refused && isFresh(known)) return known;
        const askedAtMs = now();
        const granted = await kind.obtain(stored, permitted);
        const expiresAtMs = granted.lifetimeMs === null ? null : askedAtMs + granted.lifetimeMs;
        const token = { accessToken: granted.accessToken, expiresAtMs, refreshToken: granted.refreshToken };
        note(token);
        // Written before it is used: a rotated refresh token that is lost locks us out.
        await behindLock.write(token);
        // Half its life at most, or a token shorter than `renewBefore` would never count as fresh.
        return hold(token, Math.min(kind.renewBefore, (granted.lifetimeMs ?? 0) / 2));
      })
      .then((token) => (held = token))
      .finally(() => {
        renewing = undefined;
      }));

  const current = async (permitted: Permitted | undefined): Promise<string> =>
    (isFresh(held) ? held : await renew(undefined, permitted)).accessToken;

  return {
    canRefresh: true,
    ...(kind.placed === undefined ? {} : { placed: kind.placed }),
    prepare: async (request, permitted) => void prepared.set(request, await current(permitted)),
    authorize: async (request) => {
      // Its permit is there: a token that ends meanwhile is sent all the same, and renewed if it is refused.
      const token = prepared.get(request) ?? (await current(undefined));
      prepared.delete(request);
      usedBy.set(request, token);
      return kind.place(request, token);
    },
    refresh: async (request, permitted) => {
      const refused = (request === undefined ? undefined : usedBy.get(request)) ?? held?.accessToken;
      if (held === undefined || held.accessToken === refused || !isFresh(held)) await renew(refused, permitted);
      return true;
    },
    secrets: async (names, permitted) => {
      if (names.includes('auth.accessToken') && !isFresh(held)) await renew(undefined, permitted);
      return secrets.list();
    },
  };
}

function hold({ accessToken, expiresAtMs }: StoredToken, marginMs: number): HeldToken {
  return { accessToken, renewAtMs: expiresAtMs === null ? Number.POSITIVE_INFINITY : expiresAtMs - marginMs };
}
